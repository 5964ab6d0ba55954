-- What the messages of a notification see beside the context of their step. It comes with the message.
create or replace function pgwhen._resolve_notification_path(p_path text[]) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_path[2] = any (n.names) then '{"type": null, "reads": []}'
    else jsonb_build_object('problem', jsonb_build_object('code', 'WF017', 'message', format('notification has no %s', coalesce(p_path[2], 'value of its own')),
      'hint', 'it has ' || array_to_string(n.names, ', '))) end
  from (select '{to,recipient,channel,items,count,since}'::text[] as names) n
$$;
comment on function pgwhen._resolve_notification_path(text[]) is 'What a path under notification means.';
