-- exit_if, exit_on and on_deleted: how an execution may end before its steps do. Compiled: if and text (exit_if), on (the entries of
-- exit_on), if_reads and on_reads, records (attachment -> alias and key, of those that can be found missing),
-- nodes (to read those keys) and asks_event, whether
-- it depends on the event that started the execution if it has such a record.
create or replace function pgwhen._compile_leave(p_definition jsonb, p_scope jsonb, p_triggers jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_if jsonb := pgwhen._result(null);
  v_on jsonb := pgwhen._result(null);
  v_entries jsonb := '[]'::jsonb;
  v_records jsonb := '{}'::jsonb;
  v_nodes jsonb := '[]'::jsonb;
  v_one jsonb;
begin
  if p_definition ? 'exit_if' then
    v_if := pgwhen._compile_condition(p_definition -> 'exit_if', p_scope, 'exit_if');
  end if;
  if jsonb_typeof(p_definition -> 'exit_on') = 'array' then
    for v_index in 0 .. jsonb_array_length(p_definition -> 'exit_on') - 1 loop
      continue when jsonb_typeof(p_definition -> 'exit_on' -> v_index) <> 'object';
      v_one := pgwhen._analyse_watch(p_definition -> 'exit_on' -> v_index, p_scope || '{"place": "exit_on"}', format('exit_on[%s]', v_index));
      v_on := pgwhen._join_results(null, v_on, v_one);
      v_entries := v_entries || jsonb_build_array(v_one -> 'compiled');
    end loop;
  end if;
  if p_definition ->> 'on_deleted' is distinct from 'continue' then
    select coalesce(jsonb_object_agg(a.attachment_id, jsonb_build_object('alias', r.key, 'key', a.key_columns[1])), '{}'),
      coalesce(jsonb_agg(jsonb_build_object('path', jsonb_build_array(r.key), 'kind', 'record', 'attachment', a.attachment_id, 'relation',
        r.value -> 'relation', 'columns', jsonb_build_array(a.key_columns[1]), 'order', 1)), '[]')
    into v_records, v_nodes
    from jsonb_each(p_scope -> 'records') r
    join pgwhen.attachments a on a.attachment_id = (r.value ->> 'attachment')::integer
    where r.value -> 'is_deleted' <> 'true' and a.key_columns <> '{}' and r.value ->> 'relation' is not null;
  end if;
  return pgwhen._result(
    jsonb_build_object('if', v_if -> 'compiled', 'if_reads', pgwhen._distinct(v_if -> 'reads'), 'on', v_entries,
      'on_reads', pgwhen._distinct(v_on -> 'reads'), 'records', v_records,
      'text', (select string_agg(s #>> '{}', ', ') from jsonb_path_query(v_if -> 'compiled', 'strict $.**.source') s),
      'nodes', v_nodes, 'asks_event', jsonb_path_exists(p_triggers, '$[*] ? (@.operations[*] == "delete")')),
    (v_if -> 'problems') || (v_on -> 'problems'), '[]', (v_if -> 'nodes') || (v_on -> 'nodes'));
end
$$;
comment on function pgwhen._compile_leave(jsonb, jsonb, jsonb) is 'Typed form of exit_if, exit_on and on_deleted.';
