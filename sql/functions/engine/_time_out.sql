-- What running out of time means to each type of step that waits.
create or replace function pgwhen._time_out(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_type text;
  v_steps pgwhen.step_ref[];
begin
  for v_type, v_steps in
    select t.type, array_agg(r)
    from unnest(p_steps) r
    join pgwhen.executions x on x.execution_id = r.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
    group by t.type
  loop
    case v_type
      when 'approval' then
        perform pgwhen._time_out_approvals(v_steps);
      when 'notification' then
        perform pgwhen._continue_notifications(v_steps);
      when 'wait' then
        perform pgwhen._time_out_waits(v_steps);
      when 'start' then
        perform pgwhen._start_children(v_steps);
      else
        raise exception using errcode = 'WF140', message = format('a step of the type %s does not run out of time', v_type),
          hint = 'Run pgwhen migrate with the version of pgwhen that published the workflow.';
    end case;
  end loop;
end
$$;
comment on function pgwhen._time_out(pgwhen.step_ref[]) is 'Goes on with waiting steps whose timeout has come.';
