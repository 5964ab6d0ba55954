create or replace function pgwhen.disable_endpoint(p_name text, p_reason text default null) returns text
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_endpoint pgwhen.endpoints := pgwhen._require_endpoint(p_name);
begin
  if v_endpoint.status = 'disabled' then
    return 'already disabled';
  end if;
  update pgwhen.endpoints e
  set status = 'disabled', reason = coalesce(p_reason, 'disabled by ' || coalesce(pgwhen._actor(), session_user)), disabled_at = pgwhen._now(),
    updated_at = pgwhen._now()
  where e.tenant = v_endpoint.tenant and e.name = p_name;
  perform pgwhen._audit('disable_endpoint', array[p_name], p_reason);
  return 'disabled';
end
$$;
comment on function pgwhen.disable_endpoint(text, text) is 'Stops webhooks to an endpoint; they are held until enable_endpoint. Returns disabled or already disabled.';
