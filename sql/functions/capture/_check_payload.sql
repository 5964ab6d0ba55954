create or replace function pgwhen._check_payload(p_input jsonb, p_key text) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_limit constant integer := 1024 * 1024;
begin
  if jsonb_typeof(p_input) is distinct from 'object' then
    raise exception using errcode = 'WF116', message = format('the input is %s, not an object', coalesce(jsonb_typeof(p_input), 'null')),
      hint = 'Give an object, for example {"invoice_id": 7}.';
  end if;
  if octet_length(p_input::text) > c_limit then
    raise exception using errcode = 'WF117', message = format('the input has %s bytes, more than %s', octet_length(p_input::text), c_limit),
      hint = 'Give the key of the record, and let the workflow read it.';
  end if;
  if length(p_key) not between 1 and 200 then
    raise exception using errcode = 'WF118', message = format('the key has %s characters, not 1 to 200', length(p_key)),
      hint = 'Give what identifies the occurrence, for example the id of a delivery.';
  end if;
end
$$;
comment on function pgwhen._check_payload(jsonb, text) is 'Refuses the input or the key of an application event: WF116, WF117, WF118.';
