-- In the order in which a person would look.
create or replace function pgwhen._start_problem(p_workflow text, p_status text, p_trigger_no integer, p_depth integer, p_is_reentry boolean,
  p_input_problem text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_status is null then jsonb_build_object('code', 'WF242', 'message', format('there is no workflow %s', p_workflow))
    when p_status <> 'active' then jsonb_build_object('code', 'WF243', 'message',
      format('workflow %s is %s', p_workflow, case p_status when 'draft' then 'not published' else p_status end))
    when p_trigger_no is null then jsonb_build_object('code', 'WF244', 'message', format('workflow %s has no manual trigger', p_workflow))
    when p_depth > pgwhen._setting('max_depth', 8) then jsonb_build_object('code', 'WF245', 'message', pgwhen._skip_text('depth', pgwhen._setting('max_depth', 8)))
    when p_is_reentry then jsonb_build_object('code', 'WF245', 'message', format('workflow %s would start itself', p_workflow))
    when p_input_problem is not null then jsonb_build_object('code', 'WF160', 'message', p_input_problem)
  end
$$;
comment on function pgwhen._start_problem(text, text, integer, integer, boolean, text) is 'Why a start step cannot start a workflow: {code, message}; null when it can.';
