-- What freeze_actions asks of a message to a person before it leaves. The window has the form of a delay's; what cannot be known of
-- its holidays then holds the message, and says why.
create or replace function pgwhen._compile_sending(p_step jsonb, p_scope jsonb, p_defaults jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_step ->> 'type' in ('email', 'sms', 'push', 'chat', 'notification') then
    case when p_step ? 'category' then jsonb_build_object('category', p_step -> 'category') else '{}' end
    || case when p_defaults ? 'window' and pgwhen._check_kind('window', p_defaults -> 'window', '') = '[]'
      then jsonb_build_object('window', pgwhen._compile_sending_window(p_defaults -> 'window', p_scope)) else '{}' end
    || case when p_defaults ? 'window' or p_step ? 'category' then jsonb_build_object('timezone', p_scope -> 'timezone') else '{}' end
    else '{}' end
$$;
comment on function pgwhen._compile_sending(jsonb, jsonb, jsonb) is 'Category, window and time zone of a message to a person.';
