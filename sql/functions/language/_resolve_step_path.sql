-- status, output and error of another step. Whether that step comes before is asked of the graph, once for all such paths.
create or replace function pgwhen._resolve_step_path(p_path text[], p_scope jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_steps constant jsonb := coalesce(p_scope -> 'steps', '{}');
  v_outputs constant jsonb := coalesce(p_scope -> 'outputs' -> p_path[2], (case v_steps ->> p_path[2]
    when 'email' then '{"message_id": "text", "provider": "text"}'
    when 'loop' then '{"results": "array", "failed": "array"}'
    when 'start' then '{"execution": "uuid", "status": "text", "reason": "text", "outputs": null}'
    when 'wait' then '{"event": null, "new": null, "old": null, "input": null}'
    when 'approval' then '{"decision": "text", "by": "text", "comment": "text", "form": null, "votes": null}'
    when 'notification' then '{"recipient": "text", "channel": "text", "message_id": "text", "channels": null, "digest": "uuid", "count": "numeric"}'
    when 'push' then '{"message_id": "text", "provider": "text"}'
    when 'chat' then '{"message_id": "text", "provider": "text"}'
    when 'webhook' then '{"status": "numeric"}'
    when 'document' then '{"id": "uuid", "file": "text", "media_type": "text", "size": "numeric", "sha256": "text"}'
    when 'calendar' then '{"id": "uuid", "file": "text", "media_type": "text", "size": "numeric", "sha256": "text", "uid": "text", "sequence": "numeric"}'
    when 'update' then '{"rows": null, "count": "numeric", "more": "boolean"}'
    when 'delete' then '{"rows": null, "count": "numeric", "more": "boolean"}'
    when 'sms' then '{"message_id": "text", "provider": "text", "segments": "numeric"}'
    when 'http' then '{"status": "numeric", "headers": null, "json": null, "text": "text"}' end)::jsonb);
  v_type text;
begin
  if cardinality(p_path) = 1 then
    return jsonb_build_object('problem',
      jsonb_build_object('code', 'WF017', 'message', 'steps alone is too much', 'hint', 'name one: steps.<id>.output'));
  elsif p_scope ->> 'place' in ('when', 'suppress_if', 'exit_on') then
    return jsonb_build_object('problem',
      jsonb_build_object('code', 'WF023', 'message', 'no step has run before the workflow starts'));
  elsif not v_steps ? p_path[2] then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF008', 'message', format('there is no step %s', p_path[2]),
      'hint', 'did you mean steps.' || pgwhen._nearest(p_path[2], array(select jsonb_object_keys(v_steps))) || '?'));
  elsif p_path[3] not in ('status', 'output', 'error') then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF017', 'message', format('a step has no %s', p_path[3]),
      'hint', format('it has status, output and error: steps.%s.output.%s?', p_path[2], p_path[3])));
  elsif p_path[3] = 'output' and v_outputs is not null and not v_outputs ? p_path[4] then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF017',
      'message', format('the output of %s has no %s', p_path[2], p_path[4]),
      'hint', 'it has ' || (select string_agg(k, ', ') from jsonb_object_keys(v_outputs) k)));
  end if;
  v_type := case when p_path[3] = 'status' then 'text'
    when p_path[3] = 'output' and cardinality(p_path) = 3 and v_steps ->> p_path[2] in ('switch', 'split') then 'text'
    when cardinality(p_path) = 4 and v_outputs is not null
    then v_outputs ->> p_path[4] end;
  return jsonb_build_object('type', v_type, 'step', p_path[2]);
end
$$;
comment on function pgwhen._resolve_step_path(text[], jsonb) is 'What a path under steps means.';
