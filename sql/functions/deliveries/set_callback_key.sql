-- The database gets what verifies and not what signs elsewhere: docs/decisions/0008. The newest three keys count, so that a provider's
-- secret can be changed without a gap: the new one is added, and the old one removed when nothing is signed by it any more.
create or replace function pgwhen.set_callback_key(p_connection text, p_verifier jsonb, p_reason text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_provider text;
  v_scheme text;
  v_fingerprint text;
begin
  perform pgwhen._require_connection(p_connection);
  select c.provider into strict v_provider from pgwhen.connections c where c.tenant = v_tenant and c.name = p_connection;
  v_scheme := case when v_provider in ('resend', 'mailgun', 'messagebird') then 'hmac-sha256' when v_provider = 'twilio' then 'hmac-sha1'
    when v_provider = 'sendgrid' then 'p256' when v_provider = 'telnyx' then 'ed25519' end;
  if v_scheme is null then
    raise exception using errcode = 'WF465', message = format('connection %s is of %s, whose callbacks are not known here', p_connection, v_provider),
      hint = 'Callbacks are taken from resend, sendgrid, mailgun, twilio, telnyx and messagebird.';
  end if;
  if (case when v_scheme like 'hmac-%' then p_verifier ->> 'inner' ~ ('^[0-9a-f]{' || case v_scheme when 'hmac-sha1' then 40 else 64 end || '}$')
        and p_verifier ->> 'outer' ~ ('^[0-9a-f]{' || case v_scheme when 'hmac-sha1' then 40 else 64 end || '}$')
      else p_verifier ->> 'public_key' ~ ('^[0-9a-f]{' || case v_scheme when 'p256' then 130 else 64 end || '}$') end
      and p_verifier ->> 'scheme' = v_scheme and case when jsonb_typeof(p_verifier) = 'object'
        then p_verifier - '{scheme,inner,outer,public_key}'::text[] = '{}' end) is not true then
    raise exception using errcode = 'WF465', message = format('what was given does not verify callbacks of %s', v_provider),
      detail = format('They are verified by %s.', v_scheme),
      hint = 'pgwhen deliveries key CONNECTION makes it from the secret, which stays outside the database.';
  end if;
  v_fingerprint := left(encode(sha256(convert_to(p_verifier::text, 'UTF8')), 'hex'), 12);
  insert into pgwhen.callback_keys (tenant, connection, fingerprint, provider, verifier, made_at, made_by)
  values (v_tenant, p_connection, v_fingerprint, v_provider, p_verifier, pgwhen._now(), coalesce(pgwhen._actor(), session_user))
  on conflict do nothing;
  if not found then
    return jsonb_build_object('fingerprint', v_fingerprint, 'provider', v_provider, 'result', 'known');
  end if;
  delete from pgwhen.callback_keys k
  where k.tenant = v_tenant and k.connection = p_connection and (k.provider <> v_provider or k.fingerprint not in (
    select n.fingerprint from pgwhen.callback_keys n where n.tenant = v_tenant and n.connection = p_connection
    order by n.made_at desc, n.fingerprint = v_fingerprint desc limit 3));
  perform pgwhen._audit('set_callback_key', array[p_connection], p_reason, jsonb_build_object('fingerprint', v_fingerprint));
  return jsonb_build_object('fingerprint', v_fingerprint, 'provider', v_provider, 'result', 'set');
end
$$;
comment on function pgwhen.set_callback_key(text, jsonb, text) is 'Sets what the callbacks of a connection are verified with; the newest three keys of a connection count. Returns {fingerprint, provider, result: set | known}.
p_verifier: {scheme: hmac-sha256 | hmac-sha1, inner, outer} or {scheme: p256 | ed25519, public_key}, as pgwhen deliveries key makes it from a
secret. The secret itself never comes here. Raises WF465.';
