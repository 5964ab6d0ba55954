-- Only hours and smaller: what a day of work is differs from window to window, so nobody has to guess.
create or replace function pgwhen._add_working_time(p_from timestamptz, p_duration interval, p_window jsonb, p_holidays date[], p_timezone text)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_at timestamptz := p_from;
  v_left interval := p_duration;
  v_span record;
begin
  if pgwhen._working_problem(p_duration) is not null then
    raise exception using errcode = 'WF144', message = format('working is %s, and %s', p_duration, pgwhen._working_problem(p_duration)),
      hint = 'Write working time like 8 hours or 1 hour 30 minutes.';
  end if;
  while v_at <= p_from + interval '3660 days' loop
    v_span := pgwhen._next_opening(v_at, p_window, p_holidays, p_timezone);
    v_at := greatest(v_at, v_span.opens_at);
    if v_at + v_left <= v_span.closes_at then
      return v_at + v_left;
    end if;
    v_left := v_left - make_interval(secs => extract(epoch from v_span.closes_at - v_at)::float8);
    v_at := v_span.closes_at;
  end loop;
  raise exception using errcode = 'WF145', message = format('%s of working time take more than 10 years', p_duration),
    hint = 'Give less, or a longer window.';
end
$$;
comment on function pgwhen._add_working_time(timestamptz, interval, jsonb, date[], text) is 'When so much time has passed within a window.';
