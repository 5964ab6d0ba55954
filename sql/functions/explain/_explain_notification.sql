create or replace function pgwhen._explain_notification(p_step pgwhen.execution_steps) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select format(case when n.digest_id is null then 'waits for what becomes of its messages since %s%s' else 'waits for the end of its digest since %s%s' end,
    pgwhen._when(p_step.queued_at), ', until ' || pgwhen._when((
      select min(s.due_at) from pgwhen.sleepers s
      where s.execution_id = n.execution_id and s.step_id = n.step_id and s.part = p_step.part and s.purpose = 'timeout')))
  from pgwhen.notifications n
  where n.execution_id = p_step.execution_id and n.step_id = p_step.step_id and n.generation = p_step.generation
$$;
comment on function pgwhen._explain_notification(pgwhen.execution_steps) is 'What a notification step waits for, in words; null for other steps.';
