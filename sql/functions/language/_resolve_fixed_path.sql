-- Roots whose keys pgwhen itself fills.
create or replace function pgwhen._resolve_fixed_path(p_path text[]) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_keys constant jsonb := (case p_path[1]
    when 'event' then '{"id": "text", "type": "text", "table": "text", "operation": "text", "occurred_at": "timestamptz", "depth": "numeric", "actor": "text", "trigger": "text"}'
    when 'workflow' then '{"id": "text", "name": "text", "version": "numeric"}'
    when 'execution' then '{"id": "text", "started_at": "timestamptz"}'
  end)::jsonb;
begin
  if cardinality(p_path) = 1 then
    return '{"type": "jsonb"}'::jsonb;
  elsif not v_keys ? p_path[2] then
    return jsonb_build_object('problem',
      jsonb_build_object('code', 'WF017', 'message', format('%s has no %s', p_path[1], p_path[2]),
      'hint', coalesce('did you mean ' || p_path[1] || '.' || pgwhen._nearest(p_path[2], array(select jsonb_object_keys(v_keys))) || '?',
        'it has ' || (select string_agg(k, ', ') from jsonb_object_keys(v_keys) k))));
  elsif cardinality(p_path) > 2 then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF017',
      'message', format('%s.%s has no parts', p_path[1], p_path[2])));
  end if;
  return jsonb_build_object('type', v_keys -> p_path[2]);
end
$$;
comment on function pgwhen._resolve_fixed_path(text[]) is 'What a path under event, workflow or execution means.';
