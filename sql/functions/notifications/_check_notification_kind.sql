create or replace function pgwhen._check_notification_kind(p_kind text, p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_channels constant text[] := array['push', 'email', 'sms', 'chat'];
  v_is constant text := jsonb_typeof(p_value);
  v_problems jsonb := '[]'::jsonb;
  v_names text[];
begin
  case p_kind
    when 'channels' then
      if v_is <> 'array' or p_value = '[]' or exists (
          select from jsonb_array_elements(p_value) e where e.value #>> '{}' <> all (c_channels) or jsonb_typeof(e.value) <> 'string') then
        return pgwhen._problem('WF470', p_path, format('%s is not a list of channels', pgwhen._quote(p_value)), 'channels are push, email, sms and chat');
      elsif (select count(*) <> count(distinct e.value) from jsonb_array_elements(p_value) e) then
        return pgwhen._problem('WF470', p_path, 'a channel is there twice');
      end if;
    when 'connections' then
      if v_is <> 'object' then
        return pgwhen._problem('WF002', p_path, format('%s is not an object of channels and connections', pgwhen._quote(p_value)));
      end if;
      v_names := array(select e.key from jsonb_each(p_value) e where e.key <> all (c_channels) or jsonb_typeof(e.value) <> 'string');
      if v_names <> '{}' then
        return pgwhen._problem('WF470', p_path || '.' || v_names[1], format('%s is not a channel with the name of a connection', v_names[1]),
          'channels are push, email, sms and chat');
      end if;
    when 'digest' then
      if v_is = 'object' then
        return pgwhen._check_object('{digest}', p_value, p_path, 'a digest') || case
          when p_value ? 'at' and p_value ->> 'every' = 'hour' then pgwhen._problem('WF014', p_path || '.at', 'an hourly digest leaves at the full hour: at goes with every: day')
          else '[]' end;
      elsif p_value #>> '{}' is distinct from 'hourly' and p_value #>> '{}' is distinct from 'daily' then
        return pgwhen._problem('WF012', p_path, format('%s is not hourly, daily or an object', pgwhen._quote(p_value)), 'write digest: {every: day, at: "08:00"}');
      end if;
    else
      if v_is = 'string' then
        return pgwhen._check_kind('identifier', p_value, p_path);
      elsif v_is <> 'object' or p_value = '{}' then
        return pgwhen._problem('WF002', p_path, format('%s is not the id of a stored template, and no texts either', pgwhen._quote(p_value)));
      end if;
      select coalesce(jsonb_agg(p.value), '[]') into v_problems
      from jsonb_each(p_value) e
      cross join lateral jsonb_array_elements(
        case when e.key <> all ('{subject,title,text,html,markdown}') then pgwhen._problem('WF003', p_path || '.' || e.key,
          format('the message of a notification has no key %s', pgwhen._quote(to_jsonb(e.key))), 'it has subject, title, text, html, markdown')
        else pgwhen._check_kind('template', e.value, p_path || '.' || e.key) end) p;
      if not p_value ?| '{text,markdown}' then
        v_problems := v_problems || pgwhen._problem('WF005', p_path, 'the message of a notification needs text', 'html is for e-mail only');
      elsif p_value ? 'markdown' and p_value ? 'html' then
        v_problems := v_problems || pgwhen._problem('WF014', p_path || '.markdown', 'markdown stands for html too');
      end if;
  end case;
  return v_problems;
end
$$;
comment on function pgwhen._check_notification_kind(text, jsonb, text) is 'Problems with message, channels, digest or connections of a notification.';
