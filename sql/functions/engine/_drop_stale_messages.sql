-- A message is stale when its execution has ended or its step was cancelled, retried under another generation, or is gone. A
-- step that was claimed when its execution ended, and then lost its poller, ends here. What is being sent stays.
create or replace function pgwhen._drop_stale_messages(p_messages bigint[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  with stale as (
    delete from pgmq.q_pgwhen_actions q
    using unnest(p_messages) i (msg_id)
    where q.msg_id = i.msg_id
      and not exists (
        select from pgwhen.execution_steps s
        join pgwhen.executions x on x.execution_id = s.execution_id
        where s.execution_id = (q.message ->> 'execution')::uuid and s.step_id = q.message ->> 'step'
          and s.part = (q.message ->> 'part')::integer and s.generation = (q.message ->> 'generation')::integer
          and (s.status = 'sending' or s.status in ('queued', 'claimed') and x.status in ('pending', 'running', 'waiting'))
        offset 0)
    returning q.message
  )
  update pgwhen.execution_steps s
  set status = 'cancelled', finished_at = (select pgwhen._now()), reason = 'the execution ended'
  from stale q
  where s.execution_id = (q.message ->> 'execution')::uuid and s.step_id = q.message ->> 'step'
    and s.part = (q.message ->> 'part')::integer and s.generation = (q.message ->> 'generation')::integer
    and s.status in ('queued', 'claimed');
end
$$;
comment on function pgwhen._drop_stale_messages(bigint[]) is 'Removes messages of actions that are no longer to be performed.';
