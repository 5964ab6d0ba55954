create or replace function pgwhen._decode_base64(p_text text) returns bytea
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return decode(rpad(translate(rtrim(p_text, '='), '-_', '+/'), (length(rtrim(p_text, '=')) + 3) / 4 * 4, '='), 'base64');
exception
  when invalid_parameter_value then
    return null;
end
$$;
comment on function pgwhen._decode_base64(text) is 'Bytes of base64 in either alphabet, with or without = at its end; null for anything else.';
