create or replace function pgwhen._references_to(p_relation oid, p_target text) returns table (name text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._reference_name(a.attname::text)
  from pg_constraint c
  join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[cardinality(c.conkey)]
  where c.conrelid = p_relation and c.contype = 'f' and pgwhen._record_name(c.confrelid) = p_target
    and not exists (select from pg_constraint p where p.oid = c.conparentid and p.conrelid = c.conrelid)
$$;
comment on function pgwhen._references_to(oid, text) is 'Names of the foreign keys of a table that point to a table of which a row is called p_target.';
