-- A stored template depends on nothing but the variables that it declares, so that it can be judged, and previewed, alone.
create or replace function pgwhen._check_message(p_document jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_keys constant text[] := array['message', 'name', 'description', 'category', 'variables', 'channels'];
  c_channels constant text[] := array['email', 'sms', 'push', 'chat', 'document'];
  v_problems jsonb := '[]'::jsonb;
  v_variables constant text[] := array(select jsonb_object_keys(case jsonb_typeof(p_document -> 'variables') when 'object' then p_document -> 'variables' else '{}' end));
  v_row record;
begin
  if jsonb_typeof(p_document) is distinct from 'object' then
    return pgwhen._problem('WF002', '', format('a message is an object, not %s', pgwhen._quote(p_document)));
  elsif pg_column_size(p_document) > 1000000 then
    return pgwhen._problem('WF028', '', 'the message is larger than 1 MB');
  end if;
  select coalesce(jsonb_agg(p.value), '[]') into v_problems
  from jsonb_each(p_document) d
  cross join lateral jsonb_array_elements(case
    when d.key in ('message', 'category') then pgwhen._check_kind('identifier', d.value, d.key)
    when d.key in ('name', 'description') then pgwhen._check_kind('text', d.value, d.key)
    when d.key = 'variables' then pgwhen._check_message_variables(d.value, 'variables')
    when d.key = 'channels' then case when jsonb_typeof(d.value) <> 'object' or d.value = '{}'
      then pgwhen._problem('WF002', 'channels', format('%s is not an object of channels', pgwhen._quote(d.value)), 'channels are ' || array_to_string(c_channels, ', ')) else '[]' end
    else pgwhen._problem('WF003', d.key, format('a message has no key %s', pgwhen._quote(to_jsonb(d.key))),
      coalesce('did you mean ' || pgwhen._nearest(d.key, c_keys) || '?', 'it has ' || array_to_string(c_keys, ', '))) end) p;
  for v_row in
    select k as key from unnest('{message,channels}'::text[]) k where not p_document ? k
  loop
    v_problems := v_problems || pgwhen._problem('WF005', '', format('a message needs %s', v_row.key));
  end loop;
  for v_row in
    select c.key as channel, c.value as locales, 'channels.' || c.key as path
    from jsonb_each(case jsonb_typeof(p_document -> 'channels') when 'object' then p_document -> 'channels' else '{}' end) c
  loop
    if v_row.channel <> all (c_channels) then
      v_problems := v_problems || pgwhen._problem('WF012', v_row.path, format('%s is not a channel', pgwhen._quote(to_jsonb(v_row.channel))),
        coalesce('did you mean ' || pgwhen._nearest(v_row.channel, c_channels) || '?', 'channels are ' || array_to_string(c_channels, ', ')));
    elsif jsonb_typeof(v_row.locales) <> 'object' or v_row.locales = '{}' then
      v_problems := v_problems || pgwhen._problem('WF002', v_row.path, format('%s is not an object of locales', pgwhen._quote(v_row.locales)), 'write en: {...}, nl: {...}');
    else
      v_problems := v_problems || (
        select coalesce(jsonb_agg(p.value), '[]')
        from jsonb_each(v_row.locales) l
        cross join lateral jsonb_array_elements(case when l.key !~ '^[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*$'
          then pgwhen._problem('WF012', v_row.path || '.' || l.key, format('%s is not a locale', pgwhen._quote(to_jsonb(l.key))), 'write it like en, nl or nl_BE')
          else pgwhen._check_message_texts(v_row.channel, l.value, v_variables, v_row.path || '.' || l.key) end) p);
    end if;
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_message(jsonb) is 'Problems with the document of a stored template.';
