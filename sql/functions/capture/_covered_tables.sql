-- A statement fires the triggers of the table that it names, and of no other: one that names a partition or an inheritance
-- child needs triggers there.
create or replace function pgwhen._covered_tables(p_table regclass) returns setof regclass
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive tree as (
    select p_table::oid as relation
    union
    select i.inhrelid
    from tree t
    join pg_inherits i on i.inhparent = t.relation
  )
  select t.relation::regclass
  from tree t
  join pg_class c on c.oid = t.relation
  where c.relkind in ('r', 'p') and c.relpersistence <> 't'
  order by t.relation <> p_table, c.relname, c.oid
$$;
comment on function pgwhen._covered_tables(regclass) is 'A table and all its partitions and inheritance children, itself first.';
