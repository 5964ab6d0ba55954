-- A step whose message is stopped is skipped, and fires its edges like any step that is skipped. The executions were locked before
-- anything else (_limit_sending).
create or replace function pgwhen._settle_suppressed(p_stopped jsonb, p_now timestamptz) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_settled pgwhen.step_ref[];
  v_others uuid[];
begin
  with given as materialized (
    select g.* from jsonb_to_recordset(p_stopped) as g (execution_id uuid, step_id text, part integer, attempt integer, message_id bigint, reason text)
  ), step as (
    update pgwhen.execution_steps s
    set status = 'skipped', finished_at = p_now, started_at = p_now, reason = g.reason,
      outcome = case when t.compiled -> 'left_by' is null or not pgwhen._is_left(g.execution_id, t.compiled -> 'left_by')
        then coalesce(t.compiled ->> 'skipped', 'success') end
    from given g
    join pgwhen.executions x on x.execution_id = g.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = g.step_id
    where s.execution_id = g.execution_id and s.step_id = g.step_id and s.part = g.part and s.attempt = g.attempt and s.status = 'claimed'
    returning s.execution_id, s.step_id, s.part, g.message_id, g.reason, x.tenant, t.type
  ), done as (
    delete from pgmq.q_pgwhen_actions q using step s where q.msg_id = s.message_id
  ), told as (
    -- Nobody looks at the parts of a step: an approver or a channel of a notification who is not told is worth a remark.
    insert into pgwhen.logs (log_id, at, execution_id, level, tenant, step_id, message)
    select pgwhen._log_id(p_now), p_now, s.execution_id, 'warning', s.tenant, s.step_id, s.reason from step s where s.part > 0
  ), handed as (
    insert into pgwhen.handovers (execution_id, step_id, purpose)
    select distinct s.execution_id, s.step_id, 'notification' from step s where s.part > 0 and s.type = 'notification'
  )
  select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) filter (where s.part = 0),
    array_agg(distinct s.execution_id) filter (where s.part > 0)
  into v_settled, v_others
  from step s;
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
  if v_others is not null then
    perform pgwhen._refresh_executions(v_others);
  end if;
end
$$;
comment on function pgwhen._settle_suppressed(jsonb, timestamptz) is 'Skips steps whose message is suppressed, and goes on from them.';
