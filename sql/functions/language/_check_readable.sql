-- Records are read as pgwhen_actions, so a plain GRANT decides what workflows see; publishing says which one is missing.
create or replace function pgwhen._check_readable(p_nodes jsonb, p_steps jsonb, p_places jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := '[]'::jsonb;
  v_grants jsonb := '[]'::jsonb;
  v_node jsonb;
  v_relation oid;
  v_columns text[];
  v_missing text[];
  v_grant text;
  v_place text;
begin
  for v_node in select n.value from jsonb_array_elements(p_nodes) n where n.value ->> 'relation' is not null
    and n.value ->> 'kind' <> 'alias' loop
    v_relation := (v_node ->> 'relation')::oid;
    v_columns := case when v_node -> 'columns' = 'null' then pgwhen._column_names(v_relation) else
      array(select distinct coalesce(c.value ->> 'column', c.value #>> '{}') from jsonb_array_elements(v_node -> 'columns') c) end
      || coalesce(array(select jsonb_array_elements_text(v_node -> 'to_columns')), '{}');
    v_missing := array(select distinct c from unnest(v_columns) c where not pgwhen._is_excluded(v_relation, c)
      and not has_column_privilege('pgwhen_actions', v_relation, c, 'select'));
    v_place := coalesce((select min(p.value ->> 'path') from jsonb_array_elements(p_steps) s
      join jsonb_array_elements(p_places) p on p.value -> 'id' = s.value -> 'step_id'
      where exists (select from jsonb_path_query(s.value -> 'compiled', 'strict $.reads.*[*]') r
        where starts_with(r::text, left((v_node -> 'path')::text, -1)))), '');
    if not has_schema_privilege('pgwhen_actions', (select c.relnamespace from pg_class c where c.oid = v_relation), 'usage') then
      v_grant := format('grant usage on schema %I to pgwhen_actions',
        (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = v_relation));
      v_grants := v_grants || to_jsonb(v_grant);
      v_problems := v_problems || pgwhen._problem('WF019', v_place,
        format('the role pgwhen_actions may not use the schema of %s', v_relation::regclass), v_grant);
    end if;
    if v_missing <> '{}' then
      v_grant := format('grant select on %s to pgwhen_actions', pgwhen._table_name(v_relation));
      v_grants := v_grants || to_jsonb(v_grant);
      v_problems := v_problems || pgwhen._problem('WF019', v_place,
        format('the role pgwhen_actions may not read %s (%s), which %s needs', v_relation::regclass,
        array_to_string(v_missing[1:10], ', '),
          array_to_string(array(select jsonb_array_elements_text(v_node -> 'path')), '.')), v_grant);
    elsif exists (select from pg_class c where c.oid = v_relation and c.relrowsecurity) then
      v_problems := v_problems || pgwhen._problem('WF019', v_place,
        format('row level security applies to pgwhen_actions on %s', v_relation::regclass),
        format('it sees the rows that a policy shows it: create policy pgwhen on %s for select to pgwhen_actions using (true)',
          pgwhen._table_name(v_relation)), 'warning');
    end if;
  end loop;
  return jsonb_build_object('problems', pgwhen._distinct(v_problems), 'grants', pgwhen._distinct(v_grants));
end
$$;
comment on function pgwhen._check_readable(jsonb, jsonb, jsonb) is 'Problems with tables and columns that pgwhen_actions may not read.';
