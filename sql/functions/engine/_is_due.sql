-- Decides whether a poller calls again at once or sleeps. Each look stops at the first row.
create or replace function pgwhen._is_due(p_contract integer) returns boolean
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select exists (select from pgmq.q_pgwhen_events q where q.vt <= clock_timestamp()) -- wall clock: as in _dispatch
    or exists (select from pgmq.q_pgwhen_actions q where q.vt <= pgwhen._now() and (q.message @> '{"v": 1}' or p_contract >= 2 and q.message @> '{"v": 2}'))
    or exists (select from pgwhen.handovers)
    or exists (select from pgwhen.sleepers s where s.due_at <= pgwhen._now())
$$;
comment on function pgwhen._is_due(integer) is 'Whether there is something to do now for a poller of a contract.';
