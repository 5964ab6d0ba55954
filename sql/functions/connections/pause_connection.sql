-- Pollers ask before they send (freeze_actions), so that nothing of this connection leaves from the commit on, but for what is on
-- its way at that moment.
create or replace function pgwhen.pause_connection(p_name text, p_reason text default null) returns text
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._require_connection(p_name);
  update pgwhen.connections c
  set status = 'paused', reason = coalesce(p_reason, 'paused by ' || coalesce(pgwhen._actor(), session_user)), updated_at = pgwhen._now()
  where c.tenant = pgwhen._tenant() and c.name = p_name and c.status = 'active';
  if not found then
    return 'already paused';
  end if;
  perform pgwhen._audit('pause_connection', array[p_name], p_reason);
  return 'paused';
end
$$;
comment on function pgwhen.pause_connection(text, text) is 'Stops sending by a connection; its actions are held until resume_connection. Returns paused or already paused.';
