-- One entry of when. p_table is what _find_table says of its table. Result: problems, nodes, and trigger, the row of triggers
-- with match, the equality for its keys.
create or replace function pgwhen._analyse_trigger(p_trigger jsonb, p_table jsonb, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_kinds constant text[] := '{table,event,manual,schedule,date,inbound,execution}'::text[];
  v_problems jsonb := '[]'::jsonb;
  v_kinds text[];
  v_kind text;
  v_operations text[];
  v_relation constant oid := (p_table ->> 'relation')::oid;
  v_scope jsonb := p_scope;
  v_columns text[];
  v_column jsonb;
  v_name text;
  v_becomes jsonb;
  v_condition jsonb;
  v_key text;
begin
  if jsonb_typeof(p_trigger) = 'string' then
    return pgwhen._result(null, pgwhen._problem('WF012', p_path, format('%s is no trigger', pgwhen._quote(p_trigger)),
      'did you mean ' || pgwhen._nearest(p_trigger #>> '{}', pgwhen._seed_names()) || '?'));
  elsif p_trigger ? 'trigger_type' then
    return pgwhen._result(null, pgwhen._unknown_seed_trigger(p_trigger -> 'trigger_type', p_path || '.trigger_type'));
  end if;
  v_problems := pgwhen._check_object('{trigger}', p_trigger, p_path, 'a trigger');
  if jsonb_typeof(p_trigger) is distinct from 'object' then
    return pgwhen._result(null, v_problems);
  end if;
  v_kinds := array(select k from unnest(c_kinds) k where p_trigger ? k);
  if cardinality(v_kinds) <> 1 then
    return pgwhen._result(null, v_problems
      || pgwhen._problem('WF014', p_path, case when v_kinds = '{}' then 'the trigger does not say what it waits for'
      else 'a trigger waits for one thing, not for ' || array_to_string(v_kinds, ' and ') end,
        'give one of table, event and manual; several triggers are a list'));
  elsif v_kinds[1] not in ('table', 'event', 'manual') then
    return pgwhen._result(null, v_problems);
  end if;
  v_kind := v_kinds[1];
  if v_kind <> 'table' then
    foreach v_key in array array['row', 'columns', 'becomes'] loop
      if p_trigger ? v_key then
        v_problems := v_problems || pgwhen._problem('WF014', p_path || '.' || v_key,
          format('%s goes with table, not with %s', v_key, v_kind));
      end if;
    end loop;
  else
    v_operations := pgwhen._trigger_operations(p_trigger);
    if p_table ? 'problem' and jsonb_typeof(p_trigger -> 'table') = 'string' then
      v_problems := v_problems || pgwhen._problem(p_table -> 'problem' ->> 'code', p_path || '.table',
        p_table -> 'problem' ->> 'message', p_table -> 'problem' ->> 'hint');
    end if;
    if p_trigger ? 'row' = p_trigger ? 'becomes' then
      v_problems := v_problems || pgwhen._problem('WF014', p_path, case when p_trigger ? 'row'
        then 'row and becomes exclude each other'
        else 'the trigger does not say what happens to the row' end,
          'row: created, updated, deleted, saved or truncated; or becomes: {status: completed}');
    elsif p_trigger ? 'columns' and not 'update' = any (v_operations) then
      v_problems := v_problems || pgwhen._problem('WF014', p_path || '.columns',
        format('columns goes with row: updated or saved, not with %s', p_trigger ->> 'row'));
    elsif p_trigger ? 'columns' and p_trigger ? 'becomes' then
      v_problems := v_problems || pgwhen._problem('WF014', p_path || '.columns', 'columns and becomes exclude each other',
        'becomes fires only when what it names changes');
    end if;
    if jsonb_typeof(p_trigger -> 'columns') = 'array' and v_relation is not null then
      v_columns := '{}';
      for v_name, v_key in select c.value #>> '{}', format('%s.columns[%s]', p_path, c.ordinality - 1)
        from jsonb_array_elements(p_trigger -> 'columns') with ordinality c loop
        v_column := pgwhen._find_column(v_relation, v_name);
        if v_column is null then
          v_problems := v_problems || pgwhen._problem('WF016', v_key, format('%s has no column %s', v_relation::regclass, v_name),
            coalesce('did you mean ' || pgwhen._nearest(v_name, pgwhen._column_names(v_relation)) || '?', 'it has '
              || array_to_string((pgwhen._column_names(v_relation))[1:20], ', ')));
        elsif p_table -> 'excluded' ? (v_column ->> 'name') then
          v_problems := v_problems || pgwhen._problem('WF016', v_key,
            format('events of %s leave out the column %s', v_relation::regclass, v_name));
        else
          v_columns := v_columns || (v_column ->> 'name');
        end if;
      end loop;
    end if;
    v_scope := v_scope || jsonb_build_object('records', case when v_operations = '{truncate}' or p_table is null then '{}'
      else jsonb_build_object(p_table ->> 'alias', p_table) end,
      'bare', case when v_operations = '{delete}' then 'old' when v_operations <> '{truncate}' then 'new' end, 'bare_alias', p_table -> 'alias');
  end if;
  if p_trigger ? 'becomes' then
    v_becomes := pgwhen._compile_condition(p_trigger -> 'becomes', v_scope || '{"place": "becomes", "bare": "row"}', p_path
      || '.becomes');
  end if;
  if p_trigger ? 'if' then
    v_condition := pgwhen._compile_condition(p_trigger -> 'if', v_scope || '{"place": "when"}', p_path || '.if');
  end if;
  return pgwhen._result(
    jsonb_build_object('kind', v_kind, 'trigger_id', p_trigger -> 'id', 'attachment_id', p_table -> 'attachment', 'operations',
      to_jsonb(coalesce(v_operations, '{}')),
      'event_type', p_trigger -> 'event', 'columns', case when v_columns <> '{}' then to_jsonb(v_columns) end, 'becomes', v_becomes -> 'compiled',
      'condition', v_condition -> 'compiled', 'needs_record', coalesce(pgwhen._needs_record(v_condition -> 'reads'), false),
      'enabled', coalesce((p_trigger -> 'enabled')::text <> 'false', true),
      'match', coalesce(pgwhen._match_equality(v_becomes -> 'compiled', '[]', v_relation), pgwhen._match_equality(v_condition -> 'compiled',
        case when v_operations = '{delete}' then '["old"]'::jsonb else '["new"]' end, v_relation))),
    v_problems || coalesce(v_becomes -> 'problems', '[]') || coalesce(v_condition -> 'problems', '[]'), '[]',
      coalesce(v_condition -> 'nodes', '[]'));
end
$$;
comment on function pgwhen._analyse_trigger(jsonb, jsonb, jsonb, text) is 'Typed form of a trigger, with what is wrong with it.';
