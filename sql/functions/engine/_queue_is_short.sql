-- Fairness: about two claims per live poller stand in the queue, the rest waits in ready, where it is taken in turn.
-- With no backlog work goes to the queue directly. All looks are bounded; a queue that is shorter than what there is for one poller
-- needs no count of pollers.
create or replace function pgwhen._queue_is_short() returns boolean
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_target integer;
begin
  if not exists (select from pgwhen.ready) and not exists (select from pgmq.q_pgwhen_actions offset 999) then
    return true;
  elsif exists (select from pgwhen.ready) then
    return false;
  end if;
  v_target := pgwhen._queue_target();
  return (select count(*) from (select from pgmq.q_pgwhen_actions limit v_target) q) < v_target;
end
$$;
comment on function pgwhen._queue_is_short() is 'Whether actions may go to the queue directly.';
