create or replace function pgwhen._message_prefix(p_step pgwhen.execution_steps) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_step.part = 0 then '' else coalesce((
    select format('(%s to %s) ', m.kind, m.approver)
    from pgwhen.approval_requests r
    join pgwhen.approval_messages m on m.approval_id = r.approval_id and m.part = p_step.part
    where r.execution_id = p_step.execution_id and r.step_id = p_step.step_id and r.generation = p_step.generation), (
    select format('(%s to %s) ', n.channels[p_step.part], n.recipient)
    from pgwhen.notifications n
    where n.execution_id = p_step.execution_id and n.step_id = p_step.step_id and n.generation = p_step.generation), '') end
$$;
comment on function pgwhen._message_prefix(pgwhen.execution_steps) is 'Which message a part of a step is, in words; empty for the step itself.';
