-- new and old hold what the event carried: columns, no foreign keys, nothing excluded.
create or replace function pgwhen._resolve_row_path(p_path text[], p_scope jsonb, p_in_template boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_alias text;
  v_record jsonb;
  v_column jsonb;
  v_names text[] := '{}'::text[];
  v_count constant integer := cardinality(p_path);
begin
  if p_scope -> 'records' = '{}' then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF026',
      'message', format('there is no %s: nothing starts this workflow from a table', p_path[1]), 'hint', 'use input'));
  elsif v_count = 1 then
    return '{"type": "jsonb"}'::jsonb;
  end if;
  for v_alias, v_record in select * from jsonb_each(p_scope -> 'records') loop
    if v_record ->> 'relation' is null then
      return jsonb_build_object('type', null);
    end if;
    v_column := pgwhen._find_column((v_record ->> 'relation')::oid, p_path[2]);
    exit when v_column is not null;
    v_names := v_names || pgwhen._column_names((v_record ->> 'relation')::oid);
  end loop;
  if v_column is null then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF016',
      'message', format('%s: %s has no column %s', array_to_string(p_path, '.'), p_path[1], p_path[2]),
      'hint', coalesce('did you mean ' || p_path[1] || '.' || pgwhen._nearest(p_path[2], v_names) || '?',
        'rows that foreign keys point to are under ' || v_alias || ', not under ' || p_path[1])));
  elsif v_record -> 'excluded' ? (v_column ->> 'name') then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF016',
      'message', format('%s: events leave out the column %s', array_to_string(p_path, '.'), v_column ->> 'name'),
      'hint', format('read it fresh as %s.%s', v_alias, v_column ->> 'name')));
  elsif v_count > 2 and v_column ->> 'type' not in ('jsonb', 'array') then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF017',
      'message', format('%s.%s is %s and has no %s', p_path[1], p_path[2], v_column ->> 'sql_type', p_path[3]),
      'hint', 'rows that foreign keys point to are under ' || v_alias || ', not under ' || p_path[1]));
  elsif p_in_template and v_column ->> 'name' <> p_path[2] then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF016',
      'message', format('%s: the event has the column as %s', array_to_string(p_path, '.'), v_column ->> 'name'),
      'hint', format('write %s.%s', p_path[1], v_column ->> 'name')));
  end if;
  return jsonb_build_object('path', to_jsonb(p_path[1:1] || (v_column ->> 'name') || p_path[3:v_count]),
    'type', case when v_count = 2 then v_column -> 'type' end, 'column', case when v_count = 2 then v_column end);
end
$$;
comment on function pgwhen._resolve_row_path(text[], jsonb, boolean) is 'What a path under new or old means.';
