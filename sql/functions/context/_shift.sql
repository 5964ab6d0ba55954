-- Days and months are counted in the zone, so that a day is a calendar day there and hours are hours.
create or replace function pgwhen._shift(p_instant timestamptz, p_interval interval, p_timezone text default 'UTC') returns timestamptz
language sql immutable parallel safe
return case when extract(year from p_interval) = 0 and extract(month from p_interval) = 0 and extract(day from p_interval) = 0
    then p_instant + p_interval
  else pgwhen._wall_time((p_instant at time zone p_timezone) + date_trunc('day', p_interval), p_timezone)
    + (p_interval - date_trunc('day', p_interval)) end;
comment on function pgwhen._shift(timestamptz, interval, text) is 'A time moved by a duration, whatever the session''s time zone: days and months by the calendar of p_timezone.';
