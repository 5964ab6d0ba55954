-- Both queues, and what a queue needs from autovacuum: its rows live for milliseconds, so that the share of dead rows
-- means nothing and their number everything.
do $$
declare
  v_queue text;
  v_table regclass;
begin
  foreach v_queue in array array['pgwhen_events', 'pgwhen_actions'] loop
    if to_regclass('pgmq.q_' || v_queue) is null then
      perform pgmq.create(v_queue);
    end if;
    v_table := ('pgmq.q_' || v_queue)::regclass;
    if not exists (
      select from pg_class
      where oid = v_table and reloptions @> array['autovacuum_vacuum_scale_factor=0', 'autovacuum_vacuum_threshold=5000']
    ) then
      execute format(
        'alter table %s set (
          autovacuum_vacuum_scale_factor = 0,
          autovacuum_vacuum_threshold = 5000,
          autovacuum_vacuum_cost_delay = 0
        )',
        v_table
      );
    end if;
  end loop;
end
$$;

-- pgmq lets every member of pg_monitor read the messages of every queue; ours hold the rows of applications. What the
-- owner creates from now on has no such default either.
do $$
begin
  if exists (
    select from pg_default_acl d, aclexplode(d.defaclacl) a
    where d.defaclnamespace = 'pgmq'::regnamespace and d.defaclrole = 'pgwhen_owner'::regrole
      and a.grantee = 'pg_monitor'::regrole
  ) then
    alter default privileges for role pgwhen_owner in schema pgmq revoke all on tables from pg_monitor;
    alter default privileges for role pgwhen_owner in schema pgmq revoke all on sequences from pg_monitor;
  end if;
  revoke all on pgmq.q_pgwhen_events, pgmq.a_pgwhen_events, pgmq.q_pgwhen_actions, pgmq.a_pgwhen_actions
    from pg_monitor;
end
$$;
