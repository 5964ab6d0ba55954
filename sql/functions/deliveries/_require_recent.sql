-- A signature is good for five minutes either way (setting callback_seconds), so that what was overheard is of no use later.
create or replace function pgwhen._require_recent(p_seconds text, p_connection text) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tolerance constant integer := pgwhen._setting('callback_seconds', 300);
  v_age numeric;
begin
  if p_seconds is null or p_seconds !~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' then
    perform pgwhen._require_signed(false, p_connection, 'The time of the signature');
  end if;
  v_age := extract(epoch from pgwhen._now()) - p_seconds::numeric;
  if abs(v_age) > v_tolerance then
    raise exception using errcode = 'WF463', message = format('the callback for connection %s was signed %s seconds %s', p_connection,
        abs(round(v_age)), case when v_age > 0 then 'ago' else 'from now' end),
      detail = format('Signatures count for %s seconds.', v_tolerance),
      hint = 'Look at the clock of this server. After an outage, the setting callback_seconds may be raised for a while.';
  end if;
end
$$;
comment on function pgwhen._require_recent(text, text) is 'Refuses a signature whose time (seconds since 1970) is too far from now: WF463.';
