-- MessageBird's classic API signs by a JWT of its own: hashes of URL and body, HS256. A callback is a GET whose query says all, or a
-- POST with a form. Source: developers.messagebird.com/api (verify HTTP requests), its client libraries.
create or replace function pgwhen.receive_messagebird(p_connection text, p_headers jsonb, p_body bytea, p_url text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_keys constant jsonb[] := pgwhen._callback_verifiers(p_connection, 'messagebird');
  v_body constant bytea := coalesce(p_body, ''::bytea);
  v_jwt constant text := left(pgwhen._header(p_headers, 'messagebird-signature-jwt'), 4000);
  v_text text;
  v_claims jsonb;
  v_form jsonb;
begin
  v_text := pgwhen._callback_text(v_body, 65536);
  perform pgwhen._require_signed(v_jwt ~ '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$', p_connection, 'MessageBird-Signature-JWT');
  perform pgwhen._require_signed(p_url is not null, p_connection, 'The URL that was called, which is part of what is signed,');
  perform pgwhen._require_signed(exists (
    select from unnest(v_keys) k
    where pgwhen._hmac_verify(k, convert_to(split_part(v_jwt, '.', 1) || '.' || split_part(v_jwt, '.', 2), 'UTF8'),
      pgwhen._decode_base64(split_part(v_jwt, '.', 3)))), p_connection);
  perform pgwhen._require_signed(pgwhen._callback_json(pgwhen._decode_base64(split_part(v_jwt, '.', 1)), 1000) ->> 'alg' = 'HS256', p_connection, 'The algorithm HS256');
  v_claims := pgwhen._callback_json(pgwhen._decode_base64(split_part(v_jwt, '.', 2)), 4000);
  perform pgwhen._require_recent(coalesce(v_claims ->> 'iat', v_claims ->> 'nbf'), p_connection);
  perform pgwhen._require_signed(v_claims ->> 'iss' = 'MessageBird' and v_claims ->> 'url_hash' = encode(sha256(convert_to(p_url, 'UTF8')), 'hex')
    and case when octet_length(v_body) = 0 then not v_claims ? 'payload_hash' or v_claims ->> 'payload_hash' = encode(sha256(v_body), 'hex')
      else v_claims ->> 'payload_hash' = encode(sha256(v_body), 'hex') end, p_connection, 'The hash of the URL or of the body');
  if pgwhen._header(p_headers, 'content-type') like 'application/json%' or v_text ~ '^\s*\{' then
    v_form := pgwhen._callback_json(v_body, 65536);
  else
    select coalesce(jsonb_object_agg(f.name, f.value order by f.source, f.place), '{}') into v_form
    from (
      select 1 as source, q.* from pgwhen._form_values(split_part(substr(p_url, nullif(strpos(p_url, '?'), 0) + 1), '#', 1)) q
      union all
      select 2, b.* from pgwhen._form_values(v_text) b) f;
  end if;
  return pgwhen._record_deliveries(p_connection, 'messagebird', 'sms', pgwhen._told_by_messagebird(v_form, v_claims ->> 'jti'));
end
$$;
comment on function pgwhen.receive_messagebird(text, jsonb, bytea, text) is 'Takes a callback of MessageBird (classic API), the status of a message or a text message from a person: verifies it, and records it. See receive_resend.
p_url is the URL that was called, with its query: it is signed, too.';
