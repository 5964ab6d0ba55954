-- Telnyx API v2 signs timestamp|body by Ed25519. Source: developers.telnyx.com, "Webhook signing".
create or replace function pgwhen.receive_telnyx(p_connection text, p_headers jsonb, p_body bytea, p_url text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_keys constant jsonb[] := pgwhen._callback_verifiers(p_connection, 'telnyx');
  v_signature constant bytea := pgwhen._decode_base64(left(pgwhen._header(p_headers, 'telnyx-signature-ed25519'), 200));
  v_time constant text := pgwhen._header(p_headers, 'telnyx-timestamp');
  v_callback jsonb;
begin
  v_callback := pgwhen._callback_json(p_body, 1048576);
  perform pgwhen._require_signed(v_signature is not null, p_connection, 'Telnyx-Signature-Ed25519');
  perform pgwhen._require_recent(v_time, p_connection);
  perform pgwhen._require_signed(exists (
    select from unnest(v_keys) k
    where pgwhen._verify_ed25519(decode(k ->> 'public_key', 'hex'), convert_to(v_time || '|', 'UTF8') || p_body, v_signature)), p_connection);
  return pgwhen._record_deliveries(p_connection, 'telnyx', 'sms', pgwhen._told_by_telnyx(v_callback -> 'data', p_url));
end
$$;
comment on function pgwhen.receive_telnyx(text, jsonb, bytea, text) is 'Takes a callback of Telnyx: verifies it, and records what became of messages, and text messages from people. See receive_resend.
p_url, the URL that was called, is where our key comes back that was not given as a tag.';
