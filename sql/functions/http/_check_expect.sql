create or replace function pgwhen._check_expect(p_value jsonb, p_path text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_value = '{}' then pgwhen._problem('WF002', p_path, 'expect says nothing', 'it has status, json and text')
    else coalesce((
      select jsonb_agg(problem)
      from jsonb_each(p_value) e
      cross join lateral jsonb_array_elements(case e.key
        when 'status' then pgwhen._check_statuses(e.value, p_path || '.status')
        when 'json' then case when jsonb_typeof(e.value) = 'object' and e.value <> '{}' then '[]'
          else pgwhen._problem('WF002', p_path || '.json', format('%s is not an object of paths and values', pgwhen._quote(e.value)), 'write {state: done, items.0.id: 7}') end
        when 'text' then case when jsonb_typeof(e.value) = 'string' and e.value <> '""' then '[]'
          else pgwhen._problem('WF002', p_path || '.text', format('%s is not a text', pgwhen._quote(e.value))) end
        else pgwhen._problem('WF003', p_path || '.' || e.key, format('expect has no key %s', pgwhen._quote(to_jsonb(e.key))), 'it has status, json and text')
        end) problem), '[]')
    end
$$;
comment on function pgwhen._check_expect(jsonb, text) is 'Problems with what is expected of an answer: {status, json, text}.';
