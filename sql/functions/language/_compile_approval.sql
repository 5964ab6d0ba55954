-- What asking people needs: approvers as values, and what the messages, reminders and the end come to. The step is no action, yet its
-- messages are: they have a retry policy, and are sent again where it is unknown whether they left. as: a rejection without a branch
-- ends the execution completed (_end_executions).
create or replace function pgwhen._compile_approval(p_step jsonb, p_scope jsonb, p_path text, p_defaults jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_approvers jsonb := pgwhen._compile_approvers(p_step -> 'approvers', p_scope, p_path || '.approvers');
  v_to jsonb := pgwhen._result('[]');
  v_problems jsonb := '[]'::jsonb;
  v_count integer;
begin
  if jsonb_typeof(p_step -> 'escalate') = 'object' then
    v_to := pgwhen._compile_approvers(p_step -> 'escalate' -> 'to', p_scope, p_path || '.escalate.to');
  end if;
  if p_scope -> 'records' ? 'approval' then
    v_problems := pgwhen._problem('WF018', p_path || '.type', 'a record is called approval, which is what messages of this step see as the approval',
      'pgwhen attach TABLE --alias NAME');
  end if;
  -- Addresses written out are counted here; what a value or role comes to is counted when it asks.
  v_count := jsonb_array_length(v_approvers -> 'compiled');
  if jsonb_typeof(p_step -> 'need') = 'number' and p_step ->> 'need' ~ '^\d{1,3}$' and (p_step ->> 'need')::integer > v_count
    and not jsonb_path_exists(v_approvers -> 'compiled', '$[*] ? (exists(@.role) || exists(@.email.path) || exists(@.email.jsonpath))') then
    v_problems := v_problems || pgwhen._problem('WF060', p_path || '.need',
      format('%s approvals are needed and there are %s approvers', p_step ->> 'need', v_count));
  end if;
  if p_step ? 'timeout' and pgwhen._as_interval(p_step #>> '{escalate,after}') >= pgwhen._as_interval(p_step ->> 'timeout') then
    v_problems := v_problems || pgwhen._problem('WF061', p_path || '.escalate.after',
      format('it escalates after %s, and ends after %s', p_step #>> '{escalate,after}', p_step ->> 'timeout'), 'escalate earlier');
  end if;
  return pgwhen._join_results(
    jsonb_strip_nulls(jsonb_build_object(
      'approvers', v_approvers -> 'compiled', 'sequence', coalesce(p_step ->> 'order' = 'sequence', false), 'self', coalesce(p_step -> 'self', 'false'),
      'need', coalesce(p_step ->> 'need', case p_step ->> 'order' when 'sequence' then 'all' else '1' end),
      'form', p_step -> 'form', 'message', p_step -> 'message', 'via', p_step -> 'via', 'expires', p_step ->> 'timeout',
      'remind', p_step -> 'remind' || jsonb_build_object('max', coalesce(p_step -> 'remind' -> 'max', '3')),
      'escalate', p_step -> 'escalate' || jsonb_build_object('to', v_to -> 'compiled'),
      'retry', pgwhen._retry_policy(p_defaults -> 'retry', p_step -> 'retry'), 'timeout', 30, 'on_uncertain', 'retry', 'as', 'completed')),
    pgwhen._join_results(null, v_approvers, v_to), pgwhen._result(null, v_problems));
end
$$;
comment on function pgwhen._compile_approval(jsonb, jsonb, text, jsonb) is 'Typed form of an approval, with what is wrong with it.';
