-- Declared inputs have names and types; without a declaration whatever comes is free.
create or replace function pgwhen._resolve_input_path(p_path text[], p_scope jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_inputs constant jsonb := p_scope -> 'inputs';
  v_type text;
begin
  if cardinality(p_path) = 1 or v_inputs is null then
    return jsonb_build_object('type', case when cardinality(p_path) = 1 then 'jsonb' end)
      || case when p_scope -> 'starts' ?| array['event', 'manual'] then '{}'
        else jsonb_build_object('warning', jsonb_build_object('code', 'WF017',
        'message', 'nothing that starts this workflow gives an input', 'hint', 'add {manual: true} or {event: ...} to when')) end;
  elsif not v_inputs ? p_path[2] then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF017', 'message', format('inputs has no %s', p_path[2]),
      'hint', coalesce('did you mean input.' || pgwhen._nearest(p_path[2], array(select jsonb_object_keys(v_inputs))) || '?', 'declare it under inputs')));
  end if;
  v_type := v_inputs -> p_path[2] ->> 'type';
  if cardinality(p_path) > 2 then
    if v_type in ('object', 'list', 'any') or v_type is null then
      return '{"type": null}'::jsonb;
    end if;
    return jsonb_build_object('problem',
      jsonb_build_object('code', 'WF017', 'message', format('input.%s is %s and has no %s', p_path[2], v_type, p_path[3])));
  end if;
  return jsonb_build_object('type', case v_type when 'integer' then 'numeric' when 'number' then 'numeric' when 'datetime'
    then 'timestamptz'
    when 'object' then 'jsonb' when 'list' then 'array' when 'any' then null else v_type end);
end
$$;
comment on function pgwhen._resolve_input_path(text[], jsonb) is 'What a path under input means.';
