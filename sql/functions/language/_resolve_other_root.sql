-- A root that is neither reserved nor a record's alias: the singular of a table that exactly one foreign key of the record
-- points to, under a root of its own; company and organization are the tenant where no such table is.
create or replace function pgwhen._resolve_other_root(p_path text[], p_scope jsonb, p_in_template boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_root constant text := p_path[1];
  v_result jsonb;
  v_choices text[][] := '{}'::text[][];
  v_far text[];
begin
  select coalesce(array_agg(array[r.alias, f.name] order by r.alias, f.name), '{}') into v_choices
  from (select e.key as alias, (e.value ->> 'relation')::oid as relation from jsonb_each(p_scope -> 'records') e) r
  cross join lateral pgwhen._references_to(r.relation, pgwhen._snake(v_root)) f;
  if cardinality(v_choices) = 2 then
    v_result := pgwhen._resolve_record_path(p_scope -> 'records' -> v_choices[1][1],
      array[v_choices[1][1], v_choices[1][2]] || p_path[2 : cardinality(p_path)], p_in_template);
    if v_result ? 'problem' or not p_in_template then
      return v_result;
    end if;
    -- The row is read where its foreign key is and stands under the root too; what is further away is read from there.
    return v_result || jsonb_build_object('path', to_jsonb(p_path), 'reads', jsonb_build_array(to_jsonb(p_path)), 'nodes', (
        select jsonb_agg(case when jsonb_array_length(n.value -> 'path') <= 2 then n.value else n.value || jsonb_build_object(
          'path', jsonb_build_array(v_root) || ((n.value -> 'path') - 0 - 0), 'from', jsonb_build_array(v_root) || ((n.value -> 'from') - 0 - 0)) end)
        from jsonb_array_elements(v_result -> 'nodes') n)
      || jsonb_build_array(jsonb_build_object('path', jsonb_build_array(v_root), 'kind', 'alias',
        'of', jsonb_build_array(v_choices[1][1], v_choices[1][2]), 'order', 2.5)));
  elsif cardinality(v_choices) > 2 then
    return jsonb_build_object('problem', jsonb_build_object('code', 'WF018',
      'message', format('%s is ambiguous: more than one foreign key leads there', v_root),
      'hint', 'write ' || (select string_agg(v_choices[i][1] || '.' || v_choices[i][2], ' or ') from generate_subscripts(v_choices, 1) i)));
  elsif (p_scope ->> 'loose')::boolean then
    return '{"type": null}'::jsonb;
  elsif v_root in ('company', 'organization') then
    v_result := pgwhen._resolve_tenant_path(array['tenant'] || p_path[2 : cardinality(p_path)], p_scope);
    if not p_in_template then
      return jsonb_build_object('path', to_jsonb(array['tenant'] || p_path[2 : cardinality(p_path)])) || v_result;
    end if;
    return v_result || jsonb_build_object('reads',
      jsonb_build_array(to_jsonb(p_path), to_jsonb(array['tenant'] || p_path[2 : cardinality(p_path)])),
      'nodes', jsonb_build_array(jsonb_build_object('path', jsonb_build_array(v_root), 'kind', 'alias', 'of', '["tenant"]'::jsonb,
        'order', 1)));
  end if;
  -- Where it could be instead: under the record, or one foreign key further away.
  select array_agg(c.path order by c.distance, c.path) into v_far
  from (
    select r.alias || '.' || f.name as path, 0 as distance
    from (select e.key as alias, (e.value ->> 'relation')::oid as relation from jsonb_each(p_scope -> 'records') e) r
    cross join lateral pgwhen._find_references(r.relation, v_root) f
    union all
    select r.alias || '.' || n || '.' || f.name, 1
    from (select e.key as alias, (e.value ->> 'relation')::oid as relation from jsonb_each(p_scope -> 'records') e) r
    cross join lateral unnest(pgwhen._reference_names(r.relation)) n
    cross join lateral pgwhen._find_references(r.relation, n) m
    cross join lateral pgwhen._find_references(m.relation, v_root) f
    union all
    select r.alias || '.' || (pgwhen._find_column(r.relation, v_root) ->> 'name'), 2
    from (select e.key as alias, (e.value ->> 'relation')::oid as relation from jsonb_each(p_scope -> 'records') e) r
    where cardinality(p_path) = 1 and pgwhen._find_column(r.relation, v_root) is not null
    limit 3
  ) c;
  return jsonb_build_object('problem', jsonb_build_object('code', 'WF017', 'message', format('%s is not known here', v_root),
    'hint', coalesce('write ' || array_to_string(v_far, ' or '), 'did you mean ' || pgwhen._nearest(v_root,
        array(select jsonb_object_keys(p_scope -> 'records'))
          || '{event,input,new,old,changed,vars,tenant,workflow,execution,now,steps}') || '?',
      'there are ' || coalesce((select string_agg(k, ', ') || ', ' from jsonb_object_keys(p_scope -> 'records') k), '')
        || 'event, input, vars, tenant, workflow, execution, now and steps')));
end
$$;
comment on function pgwhen._resolve_other_root(text[], jsonb, boolean) is 'What a path means whose root is neither reserved nor a record.';
