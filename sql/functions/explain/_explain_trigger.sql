-- In the order in which dispatch asks. becomes and if are judged again with the event as it was frozen; what an if reads from
-- the record is read as it is now, and that is said.
create or replace function pgwhen._explain_trigger(p_event pgwhen.events, p_trigger pgwhen.triggers, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_explained jsonb;
  v_reason text;
begin
  if not p_trigger.enabled then
    v_reason := 'the trigger is switched off';
  elsif p_trigger.kind = 'table' and not p_event.operation = any (p_trigger.operations) then
    v_reason := format('it fires when a row is %s, and this one was %s', pgwhen._operation_words(p_trigger.operations), pgwhen._operation_words(array[p_event.operation]));
  elsif p_trigger.columns is not null and p_event.operation = 'update' and not p_trigger.columns && coalesce(p_event.changed, '{}') then
    v_reason := format('it fires when %s changes, and what changed is %s', array_to_string(p_trigger.columns, ' or '),
      coalesce(nullif(array_to_string(p_event.changed, ', '), ''), 'nothing'));
  elsif p_trigger.becomes is not null and pgwhen._explain_condition(p_trigger.becomes, p_event.new) -> 'result' is distinct from 'true' then
    v_explained := pgwhen._explain_condition(p_trigger.becomes, p_event.new);
    v_reason := 'becomes: ' || pgwhen._why_not(v_explained);
  elsif p_trigger.becomes is not null and p_event.old is not null and pgwhen._explain_condition(p_trigger.becomes, p_event.old) -> 'result' = 'true' then
    v_explained := pgwhen._explain_condition(p_trigger.becomes, p_event.old);
    v_reason := format('becomes: %s held before the change too', (select string_agg(l.leaf ->> 'source', ', ') from jsonb_array_elements(v_explained -> 'leaves') l (leaf)));
  elsif p_trigger.condition is not null then
    v_explained := pgwhen._explain_condition(p_trigger.condition, p_context);
    if v_explained -> 'result' is distinct from 'true' then
      v_reason := 'if: ' || pgwhen._why_not(v_explained) || case when p_trigger.needs_record then ' (the record as it is now)' else '' end;
    end if;
  end if;
  return jsonb_build_object('trigger', coalesce(p_trigger.trigger_id, p_trigger.trigger_no::text), 'matches', v_reason is null, 'reason', v_reason,
    'condition', v_explained, 'reads_record', p_trigger.needs_record);
end
$$;
comment on function pgwhen._explain_trigger(pgwhen.events, pgwhen.triggers, jsonb) is 'Whether a trigger matches an event, and if not, why: {trigger, matches, reason, condition}.';
