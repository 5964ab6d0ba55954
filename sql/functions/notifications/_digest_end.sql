-- Full hours and times of day of the recipient's clock.
create or replace function pgwhen._digest_end(p_digest jsonb, p_timezone text, p_now timestamptz) returns timestamptz
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_digest ->> 'every'
    when 'hour' then date_trunc('hour', p_now, p_timezone) + interval '1 hour'
    else pgwhen._next_time_of_day(p_now + interval '1 microsecond', coalesce(p_digest ->> 'at', '08:00')::time, p_timezone) end
$$;
comment on function pgwhen._digest_end(jsonb, text, timestamptz) is 'When the window of a digest ends that collects something now.';
