-- Twilio signs the URL, and for a form its names and values in order, by HMAC-SHA1 under the auth token. Nothing tells the time:
-- what comes again is known by message and status. With the port of its scheme in the URL or without, as Twilio's own libraries try it.
-- Source: twilio.com/docs/usage/security.
create or replace function pgwhen.receive_twilio(p_connection text, p_headers jsonb, p_body bytea, p_url text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_keys constant jsonb[] := pgwhen._callback_verifiers(p_connection, 'twilio');
  v_signature constant bytea := pgwhen._decode_base64(left(pgwhen._header(p_headers, 'x-twilio-signature'), 200));
  v_form jsonb;
  v_parameters text;
begin
  select coalesce(jsonb_object_agg(f.name, f.value), '{}'), coalesce(string_agg(f.name || f.value, '' order by f.name collate "C", f.value collate "C"), '')
  into v_form, v_parameters
  from (select distinct v.name, v.value from pgwhen._form_values(pgwhen._callback_text(p_body, 65536)) v) f;
  perform pgwhen._require_signed(v_signature is not null, p_connection, 'X-Twilio-Signature');
  perform pgwhen._require_signed(length(p_url) between 1 and 4000, p_connection, 'The URL that was called, which is part of what is signed,');
  perform pgwhen._require_signed(exists (
    select from unnest(v_keys) k
    cross join (
      select p_url as url
      union select regexp_replace(p_url, '^(https://[^/?#]*):443(?=[/?#]|$)|^(http://[^/?#]*):80(?=[/?#]|$)', '\1\2')
      union select regexp_replace(p_url, '^(https://[^/:?#]+)(?=[/?#]|$)', '\1:443')) u
    where pgwhen._hmac_verify(k, convert_to(u.url || v_parameters, 'UTF8'), v_signature)), p_connection);
  if v_form = '{}' then
    select coalesce(jsonb_object_agg(f.name, f.value), '{}') into v_form
    from pgwhen._form_values(split_part(substr(p_url, nullif(strpos(p_url, '?'), 0) + 1), '#', 1)) f;
  end if;
  return pgwhen._record_deliveries(p_connection, 'twilio', 'sms', pgwhen._told_by_twilio(v_form, pgwhen._query_value(p_url, 'pgwhen')));
end
$$;
comment on function pgwhen.receive_twilio(text, jsonb, bytea, text) is 'Takes a callback of Twilio, the status of a message or a text message from a person: verifies it, and records it. See receive_resend.
p_url is the URL that Twilio called, with its query: it is signed, too.';
