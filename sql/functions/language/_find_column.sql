-- The column itself, else the one that a camel-case name means. label holds the values of an enum.
create or replace function pgwhen._find_column(p_relation oid, p_name text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('name', a.attname, 'type', pgwhen._column_kind(a.atttypid), 'sql_type',
    format_type(a.atttypid, a.atttypmod),
    'labels', (select jsonb_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = a.atttypid))
  from pg_attribute a
  where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped
    and a.attname in (p_name, case when p_name ~ '[A-Z]' then pgwhen._snake(p_name) end)
  order by a.attname = p_name desc
  limit 1
$$;
comment on function pgwhen._find_column(oid, text) is 'A column by its name or its camel-case name, as {name, type, sql_type, labels}; null if there is none.';
