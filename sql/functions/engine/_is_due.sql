-- Decides whether a poller calls again at once or sleeps. Each look stops at the first row. Not in SQL; see _next_due.
create or replace function pgwhen._is_due(p_contract integer) returns boolean
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return exists (select from pgmq.q_pgwhen_events q where q.vt <= clock_timestamp()) -- wall clock: as in _dispatch
    or exists (select from pgmq.q_pgwhen_actions q where q.vt <= pgwhen._now() and (q.message @> '{"v": 1}' or p_contract >= 2 and q.message @> '{"v": 2}'))
    or exists (select from pgwhen.handovers)
    or exists (select from pgwhen.sleepers s where s.due_at <= pgwhen._now());
end
$$;
comment on function pgwhen._is_due(integer) is 'Whether there is something to do now for a poller of a contract.';
