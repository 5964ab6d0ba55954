-- What is required is required of those who approve: a rejection needs no more than a comment.
create or replace function pgwhen._checked_form(p_request pgwhen.approval_requests, p_decision text, p_form jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_form jsonb;
  v_unknown text;
  v_problem text;
begin
  select t.compiled -> 'form' into v_form
  from pgwhen.executions x
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = p_request.step_id
  where x.execution_id = p_request.execution_id;
  if p_form is null and (v_form is null or p_decision = 'rejected') then
    return null;
  end if;
  v_problem := case when v_form is null then 'the step has none' when jsonb_typeof(p_form) <> 'object' then 'it is not an object' end;
  if v_problem is null and p_form is not null then
    perform pgwhen._check_payload(p_form, null);
    select string_agg(k, ', ') into v_unknown from jsonb_object_keys(p_form) k where not v_form ? k;
    v_problem := 'it has no field ' || v_unknown;
  end if;
  v_problem := coalesce(v_problem, pgwhen._input_problem(v_form, coalesce(p_form, '{}')));
  if v_problem is not null then
    raise exception using errcode = 'WF288', message = 'the form does not fit: ' || replace(v_problem, 'the input does not fit: ', ''),
      hint = coalesce('The fields are: ' || (select string_agg(format('%s (%s%s)', e.key, coalesce(e.value ->> 'type', 'any'),
        case when e.value -> 'required' = 'true' then ', required' else '' end), ', ') from jsonb_each(v_form) e) || '.', 'Leave the form out.');
  end if;
  return pgwhen._check_inputs(v_form, coalesce(p_form, '{}'));
end
$$;
comment on function pgwhen._checked_form(pgwhen.approval_requests, text, jsonb) is 'A form as filled in, checked against the step''s and completed by its defaults.';
