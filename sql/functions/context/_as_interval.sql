-- Units from large to small, each once, as the cast wants it, so that the cast cannot fail; at most a thousand years, so
-- that no sum of a time and a duration can.
create or replace function pgwhen._as_interval(p_text text) returns interval
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  -- What nearly all durations look like, without the long patterns.
  if p_text ~ '^[0-9]{1,4} ?(?:s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?)$' then
    return p_text::interval;
  end if;
  declare
    c_number constant text := '[-+]?[0-9]{1,8}(?:\.[0-9]{1,6})? *';
    c_words constant text := format('^ *(%1$s(years?|yrs?|y) *)?(%1$s(months?|mons?) *)?(%1$s(weeks?|w) *)?(%1$s(days?|d) *)?(%2$s|%3$s)$',
      c_number,
      format('(%1$s(hours?|hrs?|h) *)?(%1$s(minutes?|mins?|m) *)?(%1$s(seconds?|secs?|s) *)?(%1$s(milliseconds?|ms) *)?', c_number),
      '[-+]?[0-9]{1,6}:[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)? *');
    c_iso_8601 constant text :=
      '^P(-?[0-9]{1,8}Y)?(-?[0-9]{1,8}M)?(-?[0-9]{1,8}W)?(-?[0-9]{1,8}D)?'
      '(T(?=-?[0-9])(-?[0-9]{1,8}H)?(-?[0-9]{1,8}M)?(-?[0-9]{1,8}(\.[0-9]{1,6})?S)?)?$';
    v_interval interval;
  begin
    if p_text ~ '[0-9]' and (p_text ~* c_words or p_text ~ c_iso_8601) then
      v_interval := p_text::interval;
    end if;
    return case when extract(epoch from v_interval) between -31557600000 and 31557600000 then v_interval end;
  end;
end
$$;
comment on function pgwhen._as_interval(text) is 'A duration as PostgreSQL and people write it (3 days, 1 hour 30 minutes, 90s, PT5M, 1 day 02:30:00); null for anything else.';
