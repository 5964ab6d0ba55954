-- For the poller: while a secret is replaced, webhooks are signed with all that count, the newest first.
create or replace function pgwhen._endpoint(p_tenant text, p_name text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('name', e.name, 'url', e.url, 'status', e.status, 'reason', e.reason,
    'wait', case when e.throttled_until > pgwhen._now() then extract(epoch from e.throttled_until - pgwhen._now()) end, 'secrets', (
    select jsonb_agg(s.entry ->> 'reference' order by s.place)
    from jsonb_array_elements(e.secrets) with ordinality s (entry, place)
    where coalesce((s.entry ->> 'expires_at')::timestamptz > pgwhen._now(), true)))
  from pgwhen.endpoints e
  where e.tenant = p_tenant and e.name = p_name
$$;
comment on function pgwhen._endpoint(text, text) is 'Address, state and references of the secrets of an endpoint: {name, url, status, reason, wait (seconds), secrets}; null where there is none.';
