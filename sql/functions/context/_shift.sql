-- Days and months are counted in the zone, so that a day is a calendar day there and hours are hours.
create or replace function pgwhen._shift(p_instant timestamptz, p_interval interval, p_timezone text default 'UTC') returns timestamptz
language sql immutable parallel safe
return ((p_instant at time zone p_timezone) + date_trunc('day', p_interval)) at time zone p_timezone
  + (p_interval - date_trunc('day', p_interval));
comment on function pgwhen._shift(timestamptz, interval, text) is 'A time moved by a duration, whatever the session''s time zone: days and months by the calendar of p_timezone.';
