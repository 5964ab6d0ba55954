create or replace function pgwhen._reference_names(p_relation oid) returns text[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(array_agg(distinct pgwhen._reference_name(a.attname::text)), '{}')
  from pg_constraint c
  join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[cardinality(c.conkey)]
  where c.conrelid = p_relation and c.contype = 'f'
    and not exists (select from pg_constraint p where p.oid = c.conparentid and p.conrelid = c.conrelid)
$$;
comment on function pgwhen._reference_names(oid) is 'Names of the rows that a row of a table points to.';
