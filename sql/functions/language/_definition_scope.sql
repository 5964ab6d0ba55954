-- What expressions of a definition can refer to: see _resolve_path.
create or replace function pgwhen._definition_scope(p_definition jsonb, p_tenant text, p_tables jsonb,
  p_graph jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_roots constant text[] := '{event,input,new,old,changed,vars,tenant,workflow,execution,now,steps,item,index}'::text[];
  v_records jsonb := '{}'::jsonb;
  v_problems jsonb := '[]'::jsonb;
  v_place text;
  v_table jsonb;
  v_alias text;
  v_triggers constant jsonb := case jsonb_typeof(p_definition -> 'when') when 'array' then p_definition -> 'when' else '[]' end;
begin
  for v_place, v_table in select t.key, t.value from jsonb_each(p_tables) t order by t.key::integer loop
    v_alias := v_table ->> 'alias';
    continue when v_table -> 'operations' = '["truncate"]';
    if v_alias = any (c_roots) and v_table ->> 'relation' is null then
      continue;
    elsif v_alias = any (c_roots) then
      v_problems := v_problems || pgwhen._problem('WF018', format('when[%s].table', v_place),
        format('a record of %s would be called %s, which means something else', v_table ->> 'table', v_alias),
        format('pgwhen attach %s --alias NAME', v_table ->> 'table'));
      continue;
    elsif v_records -> v_alias ->> 'table' <> v_table ->> 'table' then
      v_problems := v_problems || pgwhen._problem('WF018', format('when[%s].table', v_place),
        format('%s and %s are both called %s', v_records -> v_alias ->> 'table', v_table ->> 'table', v_alias),
          format('pgwhen attach %s --alias NAME', v_table ->> 'table'));
      continue;
    end if;
    v_records := v_records || jsonb_build_object(v_alias, v_table || jsonb_build_object('is_deleted',
      v_table -> 'operations' = '["delete"]' and coalesce((v_records -> v_alias -> 'is_deleted')::boolean, true)));
  end loop;
  return jsonb_build_object('tenant', p_tenant, 'records', v_records, 'problems', v_problems,
    'vars', case when jsonb_typeof(p_definition -> 'vars') = 'object' then p_definition -> 'vars' else '{}' end,
    'starts', (select coalesce(jsonb_object_agg(k, true), '{}') from jsonb_array_elements(v_triggers) t
      cross join lateral unnest('{table,event,manual}'::text[]) k where t.value ? k),
    'timezone', case when pgwhen._check_kind('timezone', p_definition -> 'timezone', '') = '[]' then coalesce(p_definition ->> 'timezone', 'UTC') else 'UTC' end,
    'loose', exists (select from jsonb_each(p_tables) t where t.value ->> 'relation' is null)
      or exists (select from jsonb_array_elements(v_triggers) t where jsonb_typeof(t.value) <> 'object'
        or t.value ? 'trigger_type' or not t.value ?| '{table,event,manual}'
        or (t.value ? 'table' and jsonb_typeof(t.value -> 'table') <> 'string')))
    || pgwhen._step_outputs(p_graph -> 'steps')
    || case when jsonb_typeof(p_definition -> 'inputs') = 'object' then jsonb_build_object('inputs', p_definition -> 'inputs')
      else '{}' end;
end
$$;
comment on function pgwhen._definition_scope(jsonb, text, jsonb, jsonb) is 'What the expressions of a definition can refer to.';
