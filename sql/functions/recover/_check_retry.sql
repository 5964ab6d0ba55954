create or replace function pgwhen._check_retry(p_execution_ids uuid[], p_scope text, p_step text, p_version text, p_input jsonb,
  p_generations integer[]) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._require_executions(p_execution_ids);
  if p_scope is null or p_scope not in ('failed', 'following', 'start', 'step') or (p_scope = 'step') <> (p_step is not null) then
    raise exception using errcode = 'WF156',
      message = case when p_scope = 'step' and p_step is null then 'a retry from a step has to name it'
        when p_scope <> 'step' and p_step is not null then format('a step goes with the scope step, not with %s', p_scope)
        else format('%s is not what a retry can repeat', coalesce(quote_literal(p_scope), 'null')) end,
      hint = 'p_scope is failed, following, start, or step together with p_step.';
  end if;
  if p_version is null or p_version not in ('original', 'current') then
    raise exception using errcode = 'WF157', message = format('a retry runs the original or the current version, not %s', coalesce(quote_literal(p_version), 'null')),
      hint = 'p_version is original (the default) or current.';
  end if;
  if cardinality(p_generations) <> cardinality(p_execution_ids) then
    raise exception using errcode = 'WF158',
      message = format('%s generations for %s executions', cardinality(p_generations), cardinality(p_execution_ids)),
      hint = 'Give for each execution, in the same order, the generation that the dry run told.';
  end if;
  if p_input is not null then
    perform pgwhen._check_payload(p_input, null);
  end if;
  if p_step is not null then
    perform pgwhen._require_step(p_step, array(
      select distinct x.workflow_id from pgwhen.executions x
      where x.execution_id = any (p_execution_ids) and x.tenant = pgwhen._tenant()));
  end if;
end
$$;
comment on function pgwhen._check_retry(uuid[], text, text, text, jsonb, integer[]) is 'Refuses arguments of retry_executions that fit no execution.';
