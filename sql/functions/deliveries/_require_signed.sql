create or replace function pgwhen._require_signed(p_is_signed boolean, p_connection text, p_missing text default null) returns void
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_is_signed is not true then
    raise exception using errcode = 'WF461', message = format('the callback for connection %s is not signed by its provider', p_connection),
      detail = coalesce(p_missing || ' is missing, or is not what it has to be.', 'The signature is not that of this body and URL under the keys of the connection.'),
      hint = 'Hand over headers, body and URL as they came; pgwhen deliveries key CONNECTION sets the key.';
  end if;
end
$$;
comment on function pgwhen._require_signed(boolean, text, text) is 'Refuses a callback whose signature is missing or wrong: WF461.';
