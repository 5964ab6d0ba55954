-- Mailgun signs a time and a token in the body: HMAC-SHA256 of both. The signature does not cover what is told, so a token counts
-- once, for what came with it first. Source: documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks.
create or replace function pgwhen.receive_mailgun(p_connection text, p_headers jsonb, p_body bytea, p_url text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
-- All of the family are called alike, whatever of it they need.
-- @plpgsql_check_options: extra_warnings = off
declare
  v_keys constant jsonb[] := pgwhen._callback_verifiers(p_connection, 'mailgun');
  v_callback jsonb;
  v_signature jsonb;
  v_token text;
begin
  v_callback := pgwhen._callback_json(p_body, 1048576);
  v_signature := v_callback -> 'signature';
  v_token := v_signature ->> 'token';
  perform pgwhen._require_signed(length(v_token) between 20 and 200 and v_signature ->> 'signature' ~ '^[0-9a-fA-F]{64}$', p_connection, 'signature.token or signature.signature');
  perform pgwhen._require_recent(v_signature ->> 'timestamp', p_connection);
  perform pgwhen._require_signed(exists (
    select from unnest(v_keys) k
    where pgwhen._hmac_verify(k, convert_to((v_signature ->> 'timestamp') || v_token, 'UTF8'), decode(v_signature ->> 'signature', 'hex'))), p_connection);
  return pgwhen._record_deliveries(p_connection, 'mailgun', 'email', pgwhen._told_by_mailgun(v_callback -> 'event-data', v_token));
end
$$;
comment on function pgwhen.receive_mailgun(text, jsonb, bytea, text) is 'Takes a callback of Mailgun: verifies it, and records what became of messages. See receive_resend.';
