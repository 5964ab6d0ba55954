-- Statistics of a partition that has some fifty rows make plans that read all of it, and these serve until autovacuum comes again, however
-- many rows there are by then. Without any the plans are those for large tables: so the first come with 5,000 rows. New partitions take
-- their options from the default one.
-- depends: 0025.partitions_ahead

set local search_path = pgwhen, pg_catalog;

do $$
declare
  v_partition regclass;
begin
  for v_partition in
    select i.inhrelid::regclass
    from pg_inherits i
    join pg_partitioned_table p on p.partrelid = i.inhparent
    join pg_class c on c.oid = p.partrelid
    where c.relnamespace = 'pgwhen'::regnamespace
    order by i.inhrelid
  loop
    execute format('alter table %s set (autovacuum_analyze_threshold = 5000, autovacuum_vacuum_threshold = 5000,'
      ' autovacuum_vacuum_insert_threshold = 5000)', v_partition);
  end loop;
end
$$;
