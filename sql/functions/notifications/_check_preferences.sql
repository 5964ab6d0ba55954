-- {channels: {sms: false}, categories: {marketing: false, news: [email]}, digest: {news: daily}}
create or replace function pgwhen._check_preferences(p_preferences jsonb) returns void
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problem text;
begin
  select min(p.problem) into v_problem
  from (
    select case when jsonb_typeof(p_preferences) <> 'object' then 'preferences are not an object' end as problem
    union all
    select format('preferences have no %s', k) from jsonb_object_keys(case jsonb_typeof(p_preferences) when 'object' then p_preferences else '{}' end) k
    where k not in ('channels', 'categories', 'digest')
    union all
    select case
        when e.key not in ('push', 'email', 'sms', 'chat') then format('%s is not a channel', e.key)
        when jsonb_typeof(e.value) <> 'boolean' then format('channels.%s is not true or false', e.key) end
    from jsonb_each(case jsonb_typeof(p_preferences -> 'channels') when 'object' then p_preferences -> 'channels' else '{}' end) e
    union all
    select case when jsonb_typeof(e.value) not in ('boolean', 'array') or jsonb_typeof(e.value) = 'array'
          and exists (select from jsonb_array_elements(e.value) c where c.value #>> '{}' not in ('push', 'email', 'sms', 'chat'))
        then format('categories.%s is not true, false or a list of channels', e.key) end
    from jsonb_each(case jsonb_typeof(p_preferences -> 'categories') when 'object' then p_preferences -> 'categories' else '{}' end) e
    union all
    select case when e.value #>> '{}' not in ('hourly', 'daily', 'none') then format('digest.%s is not hourly, daily or none', e.key) end
    from jsonb_each(case jsonb_typeof(p_preferences -> 'digest') when 'object' then p_preferences -> 'digest' else '{}' end) e
    union all
    select format('%s is not an object', k) from unnest(array['channels', 'categories', 'digest']) k
    where jsonb_typeof(p_preferences -> k) not in ('object', 'null')) p;
  if v_problem is not null then
    raise exception using errcode = 'WF472', message = v_problem,
      hint = 'Preferences look like {"channels": {"sms": false}, "categories": {"marketing": false, "news": ["email"]}, "digest": {"news": "daily"}}.';
  end if;
end
$$;
comment on function pgwhen._check_preferences(jsonb) is 'Raises WF472 where preferences are not of their form.';
