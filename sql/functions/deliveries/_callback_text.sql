-- Limits are there because whoever knows the address can call it. What is signed by HMAC is hashed in SQL, a millisecond a kilobyte.
create or replace function pgwhen._callback_text(p_body bytea, p_limit integer) returns text
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if octet_length(p_body) > p_limit then
    raise exception using errcode = 'WF464', message = format('the callback has %s bytes, more than %s', octet_length(p_body), p_limit),
      hint = 'No provider sends so much: look where it comes from.';
  end if;
  return convert_from(coalesce(p_body, ''::bytea), 'UTF8');
exception
  when character_not_in_repertoire or untranslatable_character then
    raise exception using errcode = 'WF462', message = 'the callback is not UTF-8', hint = 'Hand over the body byte for byte as it came.';
end
$$;
comment on function pgwhen._callback_text(bytea, integer) is 'The body of a callback as text. Raises WF462, WF464.';
