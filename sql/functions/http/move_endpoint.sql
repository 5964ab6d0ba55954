-- Webhooks that were frozen before go to the new address too: the address is no part of what is signed.
create or replace function pgwhen.move_endpoint(p_name text, p_url text) returns text
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_endpoint pgwhen.endpoints := pgwhen._require_endpoint(p_name);
begin
  perform pgwhen._check_endpoint_url(p_url);
  if v_endpoint.url = p_url then
    return 'unchanged';
  end if;
  update pgwhen.endpoints e
  set url = p_url, failing_since = null, throttled_until = null, updated_at = pgwhen._now()
  where e.tenant = v_endpoint.tenant and e.name = p_name;
  perform pgwhen._audit('move_endpoint', array[p_name], null, jsonb_build_object('from', v_endpoint.url, 'to', p_url));
  return 'moved';
end
$$;
comment on function pgwhen.move_endpoint(text, text) is 'Changes the address of an endpoint, from the next attempt on. Returns moved or unchanged.';
