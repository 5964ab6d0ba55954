-- Foreign keys of a table that a name can mean. By column (client_id -> client) goes before by target (clients -> client), and a
-- key of one column before one of several. More than one row: the name is ambiguous.
create or replace function pgwhen._find_references(p_relation oid, p_name text)
returns table (name text, relation oid, from_columns text[], to_columns text[])
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with keys as (
    select c.confrelid as target,
      array(select a.attname::text from unnest(c.conkey) with ordinality k (attnum, n)
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum order by k.n) as from_columns,
      array(select a.attname::text from unnest(c.confkey) with ordinality k (attnum, n)
        join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum order by k.n) as to_columns
    from pg_constraint c
    where c.conrelid = p_relation and c.contype = 'f'
      -- The key to a partitioned table is followed by one for each partition; they are parts of it.
      and not exists (select from pg_constraint p where p.oid = c.conparentid and p.conrelid = c.conrelid)
  ), named as (
    select k.*, pgwhen._reference_name(k.from_columns[cardinality(k.from_columns)]) as name,
      pgwhen._record_name(k.target) as target_name,
      case
        when p_name = k.from_columns[cardinality(k.from_columns)] then 1
        when pgwhen._snake(p_name) = pgwhen._reference_name(k.from_columns[cardinality(k.from_columns)]) then 2
        when exists (select from unnest(k.from_columns) f where pgwhen._snake(p_name) = pgwhen._reference_name(f)) then 3
        when pgwhen._snake(p_name) = pgwhen._record_name(k.target) then 4
      end + case when cardinality(k.from_columns) > 1 then 0.5 else 0 end as rank
    from keys k
  )
  select distinct n.name, n.target, n.from_columns, n.to_columns
  from named n
  where n.rank = (select min(m.rank) from named m)
  order by n.name, n.from_columns
$$;
comment on function pgwhen._find_references(oid, text) is 'The foreign keys that a name under a record means: by its column without _id, else by the singular of the table it points to.';
