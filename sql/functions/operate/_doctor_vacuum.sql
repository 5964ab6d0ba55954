-- A queue lives on vacuum: what holds the oldest snapshot back makes its index grow, and each claim slower. Snapshots of other users
-- are visible to members of pg_read_all_stats only; without that the oldest transaction that has written shows.
create or replace function pgwhen._doctor_vacuum() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with horizon (age, holder, hint) as (
    select age(a.backend_xmin), format('process %s (%s, %s) since %s', a.pid, coalesce(a.usename, '?'), coalesce(a.state, '?'), coalesce(a.xact_start::text, '?')),
      format('select pg_terminate_backend(%s)', a.pid)
    from pg_stat_activity a
    where a.backend_xmin is not null
    union all
    select age(pg_snapshot_xmin(pg_current_snapshot())::xid), 'the oldest transaction that has written', 'pg_stat_activity, column xact_start, shows which.'
    union all
    select greatest(age(s.xmin), age(s.catalog_xmin)), format('replication slot %s', s.slot_name), format('select pg_drop_replication_slot(%L), if nobody needs it', s.slot_name)
    from pg_replication_slots s
    where s.xmin is not null or s.catalog_xmin is not null
    union all
    select age(p.transaction), format('prepared transaction %s of database %s since %s', p.gid, p.database, p.prepared),
      format('commit prepared %1$L, or rollback prepared %1$L', p.gid)
    from pg_prepared_xacts p
  ), oldest as (
    select h.* from horizon h order by h.age desc limit 1
  ), queue as (
    select s.relname, s.n_dead_tup, s.n_live_tup, s.last_autovacuum, c.reloptions
    from pg_stat_user_tables s
    join pg_class c on c.oid = s.relid
    where s.schemaname = 'pgmq' and s.relname in ('q_pgwhen_events', 'q_pgwhen_actions')
  )
  select 'oldest snapshot', case when o.age > 5000000 then 'error' when o.age > 200000 then 'warning' else 'ok' end,
    format('%s transactions old%s', o.age, case when o.age > 200000 then ': ' || o.holder else '' end),
    case when o.age > 200000 then o.hint end
  from oldest o
  union all
  select 'vacuum of ' || q.relname,
    case when current_setting('autovacuum') = 'off' or q.reloptions @> array['autovacuum_enabled=false'] then 'error'
      when q.n_dead_tup > 1000000 then 'error' when q.n_dead_tup > 100000 then 'warning' else 'ok' end,
    case when current_setting('autovacuum') = 'off' or q.reloptions @> array['autovacuum_enabled=false'] then 'autovacuum is off; ' else '' end
      || format('%s dead rows', q.n_dead_tup),
    case when current_setting('autovacuum') = 'off' then 'alter system set autovacuum = on; select pg_reload_conf()'
      when q.reloptions @> array['autovacuum_enabled=false'] then format('alter table pgmq.%I reset (autovacuum_enabled)', q.relname)
      when q.n_dead_tup > 100000 then format('vacuum pgmq.%I; then see what holds the oldest snapshot', q.relname) end
  from queue q
$$;
comment on function pgwhen._doctor_vacuum() is 'doctor: what holds vacuum back, and the queue tables.';
