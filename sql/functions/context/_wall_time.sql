-- PostgreSQL moves a time that does not exist forward, and takes the second of one that exists twice; people mean the first. Clocks
-- are set back by half an hour (Lord Howe), an hour, or two (Troll).
create or replace function pgwhen._wall_time(p_local timestamp, p_timezone text) returns timestamptz
language sql immutable parallel safe
return least(p_local at time zone p_timezone,
  case when ((p_local at time zone p_timezone) - interval '30 minutes') at time zone p_timezone = p_local
    then (p_local at time zone p_timezone) - interval '30 minutes' end,
  case when ((p_local at time zone p_timezone) - interval '1 hour') at time zone p_timezone = p_local
    then (p_local at time zone p_timezone) - interval '1 hour' end,
  case when ((p_local at time zone p_timezone) - interval '2 hours') at time zone p_timezone = p_local
    then (p_local at time zone p_timezone) - interval '2 hours' end);
comment on function pgwhen._wall_time(timestamp, text) is 'When a clock on the wall of a zone first shows a time; one that it skips is moved forward.';
