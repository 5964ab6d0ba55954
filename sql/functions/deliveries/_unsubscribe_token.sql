create or replace function pgwhen._unsubscribe_token(p_token text, out tenant text, out category text, out channel text, out address text)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_payload bytea;
  v_parts text[];
  v_key bytea;
begin
  if length(p_token) <= 2000 and p_token ~ '^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$' then
    v_payload := pgwhen._decode_base64(split_part(p_token, '.', 1));
    begin
      v_parts := regexp_match(convert_from(v_payload, 'UTF8'), '^([0-9]{1,9})\|([^|]+)\|([^|]*)\|([^|]+)\|(.+)$');
    exception
      when character_not_in_repertoire or untranslatable_character then
        v_parts := null;
    end;
    select s.key into v_key from pgwhen.signing_keys s where s.key_id = v_parts[1]::integer;
    if v_key is not null and pgwhen._same_bytes(pgwhen._decode_base64(split_part(p_token, '.', 2)),
        pgwhen._hmac_sha256(pgwhen._hmac_sha256(v_key, convert_to(array_to_string(v_parts[1:4], '|'), 'UTF8')), v_payload)) then
      tenant := v_parts[2];
      category := nullif(v_parts[3], '');
      channel := v_parts[4];
      address := v_parts[5];
      return;
    end if;
  end if;
  raise exception using errcode = 'WF466', message = 'the unsubscribe link is not valid',
    hint = 'Ask for the whole link as it stands in the message: mail programs break long lines.';
end
$$;
comment on function pgwhen._unsubscribe_token(text) is 'What the token of an unsubscribe link stands for. Raises WF466.';
