-- One step: keys, condition, values and templates. p_defaults is the top level of the definition, p_error_edge whether an edge
-- leaves it with the outcome error. Result: problems, nodes, steps (that it depends on), and compiled, the row of steps.
create or replace function pgwhen._analyse_step(p_step jsonb, p_scope jsonb, p_path text, p_defaults jsonb, p_is_node boolean,
  p_error_edge boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_type constant text := p_step ->> 'type';
  v_performed_by text;
  v_keys constant jsonb := pgwhen._keys(pgwhen._step_scopes(v_type));
  v_problems jsonb := '[]'::jsonb;
  v_on_error constant jsonb := coalesce(p_step -> 'on_error', p_defaults -> 'on_error', '"fail"');
  v_condition jsonb := pgwhen._result(null);
  v_action jsonb := pgwhen._result(null);
  v_engine jsonb := pgwhen._result(null);
  v_compiled jsonb := '{}'::jsonb;
  v_formatting jsonb := '{"definition": {}, "reads": []}'::jsonb;
  v_row record;
  v_one jsonb;
begin
  v_problems := pgwhen._check_step_keys(p_step, p_path, p_is_node);
  select l.kind into v_performed_by from pgwhen._language() l where l.scope = 'type' and l.key = v_type and l.supported;
  if v_performed_by is null then
    return pgwhen._result(null, v_problems);
  end if;

  if p_step ? 'if' then
    v_condition := pgwhen._compile_condition(p_step -> 'if', p_scope, p_path || '.if');
  end if;
  for v_row in
    select s.key, s.value, v_keys -> s.key ->> 'kind' as kind
    from jsonb_each(p_step) s
    where v_keys -> s.key -> 'is_supported' = 'true'
    order by (v_keys -> s.key -> 'place')::integer
  loop
    if v_row.kind in ('template', 'templates', 'headers', 'secret_headers', 'parameters', 'json', 'multipart', 'approval_message', 'notification_message',
        'attachments', 'auth') then
      v_action := pgwhen._join_results(null, v_action,
        pgwhen._check_templates(v_row.value, v_row.kind,
          case v_type when 'approval' then p_scope || '{"approval": true}' when 'notification' then p_scope || '{"notification": true}'
            else p_scope end || case when p_step ? 'category' then '{"unsubscribe": true}' else '{}' end::jsonb, p_path || '.' || v_row.key));
    elsif v_row.kind in ('value', 'values') or v_row.kind like 'value:%' then
      v_one := pgwhen._compile_value(v_row.value, p_scope, p_path || '.' || v_row.key,
        nullif(substr(v_row.kind, 7), ''));
      v_engine := pgwhen._join_results(null, v_engine, v_one);
      v_compiled := v_compiled || jsonb_build_object(v_row.key, v_one -> 'compiled');
    elsif v_type = 'stop' then
      v_compiled := v_compiled || jsonb_build_object(v_row.key, v_row.value);
    end if;
  end loop;

  if v_type = 'loop' then
    v_one := pgwhen._compile_loop(p_step, p_scope, p_path, p_is_node);
    v_engine := pgwhen._join_results(null, v_engine, v_one);
    v_compiled := v_compiled || (v_one -> 'compiled');
  elsif v_type = 'start' then
    v_problems := v_problems || pgwhen._check_start(p_step ->> 'workflow', p_defaults ->> 'workflow', p_scope ->> 'tenant', p_path || '.workflow');
    v_compiled := v_compiled || jsonb_build_object('workflow', p_step -> 'workflow', 'await', coalesce(p_step -> 'await', 'false'),
      'timezone', p_scope -> 'timezone');
  end if;
  if v_type = 'delay' then
    v_one := pgwhen._compile_delay(p_step, p_scope, p_path);
    v_engine := pgwhen._join_results(null, v_engine, v_one);
    v_compiled := v_compiled || (v_one -> 'compiled');
  end if;
  if v_type = 'wait' then
    v_one := pgwhen._compile_wait(p_step, p_scope, p_path, p_defaults);
    v_engine := pgwhen._join_results(null, v_engine, v_one);
    v_compiled := v_compiled || (v_one -> 'compiled');
  end if;
  if v_performed_by = 'database' then
    v_one := pgwhen._compile_statement(p_step, p_scope, p_path);
    v_engine := pgwhen._join_results(null, v_engine, v_one);
    v_compiled := v_compiled || jsonb_build_object('statement', v_one -> 'compiled');
  end if;
  if v_type = 'approval' then
    v_one := pgwhen._compile_approval(p_step, p_scope, p_path, p_defaults);
    v_engine := pgwhen._join_results(null, v_engine, v_one);
    v_compiled := v_compiled || (v_one -> 'compiled');
  end if;
  if v_type = 'notification' then
    v_one := pgwhen._compile_notification(p_step, p_scope, p_path);
    v_engine := pgwhen._join_results(null, v_engine, v_one);
    v_compiled := v_compiled || (v_one -> 'compiled');
  end if;
  v_problems := v_problems || pgwhen._check_registered(p_step, p_scope ->> 'tenant', p_path);
  if v_performed_by = 'poller' or v_type = 'notification' then
    v_formatting := pgwhen._formatting(p_step, p_scope);
  end if;
  v_compiled := v_compiled || jsonb_build_object('join', 'all',
      'on_error', case when p_error_edge and not p_step ? 'on_error' or jsonb_typeof(v_on_error) = 'array' or v_on_error ? 'fallback' then 'branch'
        when v_on_error ? 'workflow' then 'fail' else v_on_error #>> '{}' end,
      'reads', jsonb_build_object('condition', pgwhen._distinct(v_condition -> 'reads'), 'action', pgwhen._distinct((v_action -> 'reads') || (v_formatting -> 'reads')),
        'engine', pgwhen._distinct((v_engine -> 'reads') || case when v_type = 'split' then '[["execution"]]' else '[]' end::jsonb)))
    || case
      when v_performed_by = 'poller' then jsonb_build_object(
        'retry', case when v_type = 'webhook' and not p_step ? 'retry' then pgwhen._webhook_retry()
          else pgwhen._retry_policy(p_defaults -> 'retry', p_step -> 'retry') end,
        'timeout', extract(epoch from coalesce(pgwhen._as_interval(p_step ->> 'timeout'), pgwhen._as_interval(p_defaults ->> 'timeout'), interval '30 seconds'))::float8,
        'on_uncertain', coalesce(p_step ->> 'on_uncertain', p_defaults ->> 'on_uncertain', 'retry'))
      when v_performed_by = 'database' then jsonb_build_object(
        'retry', pgwhen._retry_policy(p_defaults -> 'retry', p_step -> 'retry'),
        'timeout', extract(epoch from coalesce(pgwhen._as_interval(p_step ->> 'timeout'), pgwhen._as_interval(p_defaults ->> 'timeout'), interval '30 seconds'))::float8)
      when v_type = 'notification' then jsonb_build_object(
        'retry', pgwhen._retry_policy(p_defaults -> 'retry', p_step -> 'retry'),
        'timeout', extract(epoch from coalesce(pgwhen._as_interval(p_step ->> 'timeout'), pgwhen._as_interval(p_defaults ->> 'timeout'), interval '30 seconds'))::float8,
        'on_uncertain', coalesce(p_step ->> 'on_uncertain', p_defaults ->> 'on_uncertain', 'retry'))
      when v_type = 'stop' then jsonb_build_object('as', coalesce(p_step ->> 'as', 'completed'))
      when v_type = 'split' then jsonb_build_object('parts', pgwhen._split_shares(p_step -> 'parts'))
      else '{}' end
    || pgwhen._compile_sending(p_step, p_scope, p_defaults)
    || case when p_scope -> 'item_names' <> '{}' then jsonb_build_object('items', p_scope -> 'item_names') else '{}' end
    || case when v_on_error ? 'workflow' and not (p_error_edge and not p_step ? 'on_error')
      then jsonb_build_object('error_workflow', v_on_error -> 'workflow') else '{}' end;
  return pgwhen._result(
    jsonb_build_object('type', v_type, 'name', p_step -> 'name', 'performed_by', v_performed_by, 'condition',
      v_condition -> 'compiled', 'compiled', v_compiled,
      'definition', pgwhen._without_branches(p_step)
        - '{id,type,if,then,else,needs,join,cancel_rest,on_error,retry,timeout,on_uncertain,name,position,parent}'::text[]
        || case when v_type = 'action' then jsonb_build_object('name', p_step -> 'name') else '{}' end
        || (v_formatting -> 'definition')),
    v_problems || (v_condition -> 'problems') || (v_action -> 'problems') || (v_engine -> 'problems'), '[]',
    (v_condition -> 'nodes') || (v_action -> 'nodes') || (v_engine -> 'nodes'),
    pgwhen._distinct((v_condition -> 'steps') || (v_action -> 'steps') || (v_engine -> 'steps')));
end
$$;
comment on function pgwhen._analyse_step(jsonb, jsonb, text, jsonb, boolean, boolean) is 'Typed form of a step, with what is wrong with it.';
