-- Forced, what was to leave by it goes to the pollers, where it leaves by another connection of that name, or fails and says so.
create or replace function pgwhen.remove_connection(p_name text, p_force boolean default false, p_reason text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_users text[];
  v_under_way bigint;
  v_released integer;
  v_removed pgwhen.connections;
begin
  perform pgwhen._require_connection(p_name);
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  perform pgwhen._next_connections_revision();
  v_users := pgwhen._connection_users(v_tenant, p_name);
  v_under_way := pgwhen._messages_under_way(v_tenant, p_name);
  if not coalesce(p_force, false) and (v_users <> '{}' or v_under_way > 0) then
    raise exception using errcode = 'WF406', message = format('connection %s is in use', quote_literal(p_name)),
      detail = concat_ws('; ', 'named by ' || nullif(array_to_string(v_users, ', '), ''),
        case when v_under_way > 0 then format('messages that are to leave by it: %s', v_under_way) end),
      hint = format('Change the workflows and let the messages leave, or: pgwhen connections remove %s --force, after which they fail.', p_name);
  end if;
  delete from pgwhen.connections c where c.tenant = v_tenant and c.name = p_name returning c.* into v_removed;
  v_released := pgwhen._release_connection(v_tenant, p_name);
  perform pgwhen._audit('remove_connection', array[p_name], p_reason, jsonb_build_object('channel', v_removed.channel, 'provider', v_removed.provider,
    'settings', v_removed.settings, 'secrets', v_removed.secrets, 'workflows', v_users, 'messages', v_under_way));
  return jsonb_build_object('name', p_name, 'origin', v_removed.origin, 'was_default', v_removed.is_default, 'workflows', v_users, 'messages', v_under_way,
    'released', v_released);
end
$$;
comment on function pgwhen.remove_connection(text, boolean, text) is 'Takes a connection away. While steps name it or messages are to leave by it, only with p_force.
One from the environment comes back with the next poller that has it. Returns {name, origin, was_default, workflows, messages, released}.';
