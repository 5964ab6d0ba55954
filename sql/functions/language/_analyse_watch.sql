-- What a wait or an entry of exit_on waits for: {table, row, match} or {event, match}. match judges the row, or the input of the
-- event; what it compares with comes from the execution and is computed when the wait opens.
create or replace function pgwhen._analyse_watch(p_watch jsonb, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_table jsonb;
  v_problems jsonb := '[]'::jsonb;
  v_match jsonb := pgwhen._result(null);
  v_given jsonb;
  v_left jsonb;
  v_source text;
begin
  if p_watch ? 'table' and jsonb_typeof(p_watch -> 'table') = 'string' then
    v_table := pgwhen._find_table(p_watch ->> 'table', p_scope ->> 'tenant');
    if v_table ? 'problem' then
      v_problems := pgwhen._problem(v_table -> 'problem' ->> 'code', p_path || '.table', v_table -> 'problem' ->> 'message',
        v_table -> 'problem' ->> 'hint');
    end if;
    v_source := 'row:' || (v_table ->> 'attachment');
  elsif jsonb_typeof(p_watch -> 'event') = 'string' then
    v_source := format('event:%s:%s', p_scope ->> 'tenant', p_watch ->> 'event');
  end if;
  if p_watch ? 'match' then
    v_match := pgwhen._compile_condition(p_watch -> 'match', jsonb_build_object('bare', 'record', 'bare_alias', '(row)',
      'records', jsonb_build_object('(row)', coalesce(v_table, '{"relation": null}') || '{"is_deleted": true}'), 'operands', p_scope,
      'tenant', p_scope -> 'tenant', 'timezone', p_scope -> 'timezone', 'vars', '{}'::jsonb, 'steps', '{}'::jsonb, 'starts', '{}'::jsonb),
      p_path || '.match');
    select l.value into v_left
    from jsonb_path_query(v_match -> 'compiled', '$.**.left') l (value)
    where l.value ->> 0 <> '(row)'
    limit 1;
    if v_left is not null or jsonb_path_exists(v_match -> 'compiled', '$.** ? (@.op == "jsonpath" || @.op == "changed" || @.op == "changed_to" || @.op == "changed_from")')
      or jsonb_path_exists(v_match -> 'nodes', '$[*] ? (@.kind == "reference" && @.path[0] == "(row)")') then
      v_problems := v_problems || pgwhen._problem('WF045', p_path || '.match',
        format('match judges %s itself%s', case when v_table is null then 'the input of the event' else 'the row' end,
          coalesce(', and ' || (select string_agg(e, '.') from jsonb_array_elements_text(v_left) e) || ' is not part of it', '')),
        case when v_table is null then 'write {number: "{{ input.number }}"}: keys of the event''s input, and what they are compared with'
          else 'write {lead_id: "{{ lead.id }}"}: columns of the row, and what they are compared with' end);
    end if;
  end if;
  v_given := pgwhen._give_operands(v_match -> 'compiled', '[]');
  return pgwhen._result(
    jsonb_build_object('source', v_source, 'attachment', v_table -> 'attachment', 'condition', v_given -> 'condition', 'given', v_given -> 'given',
      'operations', case when v_table is null then '["event"]'::jsonb else to_jsonb(pgwhen._trigger_operations(p_watch)) end,
      'key', pgwhen._watch_equality(v_given -> 'condition')),
    v_problems || (v_match -> 'problems'),
    (select coalesce(jsonb_agg(r.value), '[]') from jsonb_array_elements(v_match -> 'reads') r where r.value <> '["old"]' and r.value ->> 0 <> '(row)'),
    (select coalesce(jsonb_agg(n.value), '[]') from jsonb_array_elements(v_match -> 'nodes') n where n.value -> 'path' ->> 0 <> '(row)'),
    v_match -> 'steps');
end
$$;
comment on function pgwhen._analyse_watch(jsonb, jsonb, text) is 'Typed form of what a wait or exit_on waits for, with what is wrong with it.';
