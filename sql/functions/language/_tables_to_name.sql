create or replace function pgwhen._tables_to_name(p_tenant text) returns text[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(array_agg(n.name order by n.place, n.name), '{}')
  from (
    select 1 as place, a.table_name as name from pgwhen.attachments a where a.detached_at is null and a.tenant = p_tenant
    union
    select 2, c.relname from pg_class c join pg_namespace s on s.oid = c.relnamespace where c.relkind in ('r', 'p')
      and s.nspname = 'public'
  ) n
$$;
comment on function pgwhen._tables_to_name(text) is 'Tables that a definition may have meant, the attached ones first.';
