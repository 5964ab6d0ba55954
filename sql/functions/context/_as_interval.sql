-- Units from large to small, each once, as the cast wants it, so that the cast cannot fail; at most a thousand years, so
-- that no sum of a time and a duration can.
create or replace function pgwhen._as_interval(p_text text) returns interval
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_interval interval;
begin
  -- What nearly all durations look like, without the long patterns.
  if p_text ~ '^\d{1,5} ?(?:s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?)$' then
    v_interval := p_text::interval;
    return case when v_interval <= '365250 days' then v_interval end;
  end if;
  if p_text !~ '\d' or (
    p_text !~* '^\s*([-+]?\d{1,8}(\.\d{1,6})?\s*(years?|yrs?|y)\s*)?([-+]?\d{1,8}(\.\d{1,6})?\s*(months?|mons?)\s*)?([-+]?\d{1,8}(\.\d{1,6})?\s*(weeks?|w)\s*)?([-+]?\d{1,8}(\.\d{1,6})?\s*(days?|d)\s*)?(([-+]?\d{1,8}(\.\d{1,6})?\s*(hours?|hrs?|h)\s*)?([-+]?\d{1,8}(\.\d{1,6})?\s*(minutes?|mins?|m)\s*)?([-+]?\d{1,8}(\.\d{1,6})?\s*(seconds?|secs?|s)\s*)?([-+]?\d{1,8}(\.\d{1,6})?\s*(milliseconds?|ms)\s*)?|[-+]?\d{1,6}:[0-5]\d(:[0-5]\d(\.\d{1,6})?)?\s*)$'
    and p_text !~ '^P(-?\d{1,8}Y)?(-?\d{1,8}M)?(-?\d{1,8}W)?(-?\d{1,8}D)?(T(?=-?\d)(-?\d{1,8}H)?(-?\d{1,8}M)?(-?\d{1,8}(\.\d{1,6})?S)?)?$'
  ) then
    return null;
  end if;
  v_interval := p_text::interval;
  return case when extract(epoch from v_interval) between -31557600000 and 31557600000 then v_interval end;
end
$$;
comment on function pgwhen._as_interval(text) is 'A duration as PostgreSQL and people write it (3 days, 1 hour 30 minutes, 90s, PT5M, 1 day 02:30:00); null for anything else.';
