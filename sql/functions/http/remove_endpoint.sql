create or replace function pgwhen.remove_endpoint(p_name text, p_reason text default null) returns text
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_endpoint pgwhen.endpoints := pgwhen._require_endpoint(p_name);
  v_users text[] := pgwhen._endpoint_workflows(v_endpoint.tenant, p_name);
  v_held bigint := (
    select count(*) from pgwhen.held h where h.tenant = v_endpoint.tenant and h.connection = pgwhen._endpoint_connection(p_name));
begin
  if v_users <> '{}' or v_held > 0 then
    raise exception using errcode = 'WF436', message = format('endpoint %s is in use', p_name),
      detail = concat_ws(' ', 'Workflows: ' || nullif(array_to_string(v_users, ', '), '') || '.',
        case when v_held > 0 then format('%s webhooks are held for it.', v_held) end),
      hint = 'Take it out of the workflows, or archive them; disable stops webhooks and keeps them, pgwhen discard drops what is held.';
  end if;
  delete from pgwhen.endpoints e where e.tenant = v_endpoint.tenant and e.name = p_name;
  perform pgwhen._audit('remove_endpoint', array[p_name], p_reason, jsonb_build_object('url', v_endpoint.url));
  return 'removed';
end
$$;
comment on function pgwhen.remove_endpoint(text, text) is 'Forgets an endpoint that no published workflow names and nothing is held for. Returns removed.';
