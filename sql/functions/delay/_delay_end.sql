-- What would have ended while nobody looked, or before it began, ends now, if now is within the window; else when that opens. Working
-- time has run, whatever the clock says.
create or replace function pgwhen._delay_end(p_compiled jsonb, p_context jsonb, p_from timestamptz, p_now timestamptz) returns timestamptz
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_due constant timestamptz := pgwhen._delay_due(p_compiled, p_context, p_from);
  v_zone text;
  v_holidays date[];
begin
  if v_due >= p_now or not p_compiled ? 'window' or p_compiled ? 'working' then
    return v_due;
  end if;
  v_zone := pgwhen._delay_zone(p_compiled, p_context);
  v_holidays := pgwhen._read_holidays(p_compiled -> 'window', p_context, p_now);
  if (pgwhen._next_opening(p_now, p_compiled -> 'window', v_holidays, v_zone)).opens_at <= p_now then
    return p_now;
  end if;
  return pgwhen._fit_window(p_now, pgwhen._delay_time_of_day(p_compiled, p_context), p_compiled -> 'window', v_holidays, v_zone);
end
$$;
comment on function pgwhen._delay_end(jsonb, jsonb, timestamptz, timestamptz) is 'When a delay that began at p_from may end, seen at p_now.';
