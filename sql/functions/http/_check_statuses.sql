create or replace function pgwhen._check_statuses(p_value jsonb, p_path text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when jsonb_typeof(p_value) = 'array' and p_value <> '[]' then coalesce((
      select jsonb_agg(problem order by s.place)
      from jsonb_array_elements(p_value) with ordinality s (status, place)
      -- A list in a list is not looked into: as its text it is no status.
      cross join lateral jsonb_array_elements(pgwhen._check_statuses(
        case when jsonb_typeof(s.status) = 'array' then to_jsonb(s.status::text) else s.status end, format('%s[%s]', p_path, s.place - 1))) problem), '[]')
    when jsonb_typeof(p_value) = 'number' and p_value #>> '{}' ~ '^[1-5][0-9][0-9]$' then '[]'
    else pgwhen._problem('WF002', p_path, format('%s is not a status, or a list of them', pgwhen._quote(p_value)), 'write 200, [200, 404] or {status: 200, json: {state: done}}')
    end
$$;
comment on function pgwhen._check_statuses(jsonb, text) is 'Problems with a status of HTTP or a list of them.';
