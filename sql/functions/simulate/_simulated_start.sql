-- What dispatch decides, asked of one workflow and with the reasons: {trigger_no, reasons}. trigger_no is null where it would not
-- start. Whether the workflow is active is not asked: a dry run is for workflows that are not, too.
create or replace function pgwhen._simulated_start(p_event pgwhen.events, p_workflow_id integer, p_version integer) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_context jsonb := pgwhen._explained_context(p_event, p_workflow_id, p_version);
  v_compiled jsonb := (select v.compiled from pgwhen.versions v where v.workflow_id = p_workflow_id and v.version = p_version);
  v_triggers jsonb;
  v_explained jsonb;
  v_problem text;
begin
  if v_context ? 'refused' then
    return jsonb_build_object('trigger_no', null, 'reasons', jsonb_build_array(v_context -> 'refused'));
  end if;
  select coalesce(jsonb_agg(pgwhen._explain_trigger(p_event, t, v_context) || jsonb_build_object('trigger_no', t.trigger_no)
    order by t.trigger_no), '[]')
  into v_triggers
  from pgwhen.triggers t
  where t.workflow_id = p_workflow_id and t.version = p_version
    and case p_event.operation when 'event' then t.event_type = p_event.type when 'manual' then t.kind = 'manual'
      else t.attachment_id = p_event.attachment_id end;
  if v_triggers = '[]' then
    return jsonb_build_object('trigger_no', null, 'reasons', jsonb_build_array(format('the workflow has no trigger for %s', case
      when p_event.operation = 'manual' then 'a manual start' else p_event.type end)));
  elsif not v_triggers @> '[{"matches": true}]' then
    return jsonb_build_object('trigger_no', null, 'reasons', (
      select jsonb_agg(case when jsonb_array_length(v_triggers) > 1 then format('trigger %s: ', t.entry ->> 'trigger') else '' end
        || (t.entry ->> 'reason') order by t.ordinality)
      from jsonb_array_elements(v_triggers) with ordinality t (entry, ordinality)));
  end if;
  if nullif(nullif(v_compiled -> 'inputs', 'null'), '{}') is not null and p_event.input is not null then
    v_problem := pgwhen._input_problem(v_compiled -> 'inputs', p_event.input);
  end if;
  if v_problem is null and nullif(v_compiled -> 'suppress_if', 'null') is not null then
    v_explained := pgwhen._explain_condition(v_compiled -> 'suppress_if', v_context);
    if v_explained -> 'result' = 'true' then
      v_problem := format('suppress_if holds: %s', (
        select string_agg(l.leaf ->> 'source', '; ') from jsonb_array_elements(v_explained -> 'leaves') l (leaf)));
    end if;
  end if;
  return jsonb_build_object('reasons', case when v_problem is null then '[]' else jsonb_build_array(v_problem) end,
    'trigger_no', case when v_problem is null then (
      select min((t.entry ->> 'trigger_no')::integer) from jsonb_array_elements(v_triggers) t (entry)
      where t.entry -> 'matches' = 'true') end);
end
$$;
comment on function pgwhen._simulated_start(pgwhen.events, integer, integer) is 'Whether an event starts a version: {trigger_no, reasons why not}.';
