-- What messages of an approval see beside the context of its step. It comes with the message, so that nothing has to be read for it.
create or replace function pgwhen._resolve_approval_path(p_path text[]) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_path[2] = any (n.names) then '{"type": "text", "reads": []}'
    else jsonb_build_object('problem', jsonb_build_object('code', 'WF017', 'message', format('approval has no %s', coalesce(p_path[2], 'value of its own')),
      'hint', 'it has ' || array_to_string(n.names, ', '))) end
  from (select '{id,approver,approve,reject,kind,number,title,workflow,email,phone,requested_at,expires_at,then,token}'::text[] as names) n
$$;
comment on function pgwhen._resolve_approval_path(text[]) is 'What a path under approval means.';
