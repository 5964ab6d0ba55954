-- SendGrid's signed event webhook: ECDSA on P-256 over timestamp and body.
-- Source: twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features.
create or replace function pgwhen.receive_sendgrid(p_connection text, p_headers jsonb, p_body bytea, p_url text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
-- All of the family are called alike, whatever of it they need.
-- @plpgsql_check_options: extra_warnings = off
declare
  v_keys constant jsonb[] := pgwhen._callback_verifiers(p_connection, 'sendgrid');
  v_signature constant bytea := pgwhen._decode_base64(left(pgwhen._header(p_headers, 'x-twilio-email-event-webhook-signature'), 200));
  v_time constant text := pgwhen._header(p_headers, 'x-twilio-email-event-webhook-timestamp');
  v_callback jsonb;
begin
  v_callback := pgwhen._callback_json(p_body, 4194304);
  perform pgwhen._require_signed(v_signature is not null, p_connection, 'X-Twilio-Email-Event-Webhook-Signature');
  perform pgwhen._require_recent(v_time, p_connection);
  perform pgwhen._require_signed(exists (
    select from unnest(v_keys) k
    where pgwhen._verify_p256(decode(k ->> 'public_key', 'hex'), convert_to(v_time, 'UTF8') || p_body, v_signature)), p_connection);
  return pgwhen._record_deliveries(p_connection, 'sendgrid', 'email', pgwhen._told_by_sendgrid(v_callback));
end
$$;
comment on function pgwhen.receive_sendgrid(text, jsonb, bytea, text) is 'Takes a callback of SendGrid (signed event webhook): verifies it, and records what became of messages. See receive_resend.';
