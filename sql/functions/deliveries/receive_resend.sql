-- Resend signs by Svix: HMAC-SHA256 of id.timestamp.body, several signatures while the secret is changed.
-- Source: resend.com/docs/dashboard/webhooks/verify-webhooks-requests, docs.svix.com/receiving/verifying-payloads/how-manual.
create or replace function pgwhen.receive_resend(p_connection text, p_headers jsonb, p_body bytea, p_url text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
-- All of the family are called alike, whatever of it they need.
-- @plpgsql_check_options: extra_warnings = off
declare
  v_keys constant jsonb[] := pgwhen._callback_verifiers(p_connection, 'resend');
  v_id constant text := left(coalesce(pgwhen._header(p_headers, 'svix-id'), pgwhen._header(p_headers, 'webhook-id')), 200);
  v_time constant text := coalesce(pgwhen._header(p_headers, 'svix-timestamp'), pgwhen._header(p_headers, 'webhook-timestamp'));
  v_signatures constant text := left(coalesce(pgwhen._header(p_headers, 'svix-signature'), pgwhen._header(p_headers, 'webhook-signature')), 1000);
  v_callback jsonb;
  v_told jsonb;
begin
  v_callback := pgwhen._callback_json(p_body, 262144);
  perform pgwhen._require_signed(v_id is not null and v_signatures is not null, p_connection, 'svix-id or svix-signature');
  perform pgwhen._require_recent(v_time, p_connection);
  perform pgwhen._require_signed(exists (
    select from (select pgwhen._hmac(k, convert_to(v_id || '.' || v_time || '.', 'UTF8') || p_body) as mac from unnest(v_keys) k offset 0) h
    cross join string_to_table(v_signatures, ' ') s
    where s like 'v1,%' and pgwhen._same_bytes(pgwhen._decode_base64(substr(s, 4)), h.mac)), p_connection);
  v_told := pgwhen._told_by_resend(v_callback, v_id);
  return pgwhen._record_deliveries(p_connection, 'resend', 'email', v_told);
end
$$;
comment on function pgwhen.receive_resend(text, jsonb, bytea, text) is 'Takes a callback of Resend: verifies it, and records what became of messages.
p_headers are the request''s headers (names in any case), p_body its bytes. Returns {accepted, recorded, ignored}; raises WF460 (no key),
WF461 (not signed), WF462 (not a callback), WF463 (too old), WF464 (too large).';
