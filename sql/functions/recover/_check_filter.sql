create or replace function pgwhen._check_filter(p_state text, p_workflow text, p_step text) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_state is null or p_state not in ('failed', 'unfinished') then
    raise exception using errcode = 'WF155', message = format('%s is not what executions are found by', coalesce(quote_literal(p_state), 'null')),
      hint = 'failed (a step failed and nobody retried it) or unfinished.';
  end if;
  perform pgwhen._require_workflow(p_workflow);
  perform pgwhen._require_step(p_step, array(
    select w.workflow_id from pgwhen.workflows w where w.tenant = pgwhen._tenant() and (p_workflow is null or w.workflow = p_workflow)));
end
$$;
comment on function pgwhen._check_filter(text, text, text) is 'Refuses a filter that names something unknown.';
