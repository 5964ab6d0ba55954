-- A missing date fails the step: a delay that silently became none would send at once what was meant for later.
create or replace function pgwhen._delay_due(p_compiled jsonb, p_context jsonb, p_from timestamptz) returns timestamptz
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_zone constant text := pgwhen._delay_zone(p_compiled, p_context);
  v_window constant jsonb := p_compiled -> 'window';
  v_holidays constant date[] := pgwhen._read_holidays(v_window, p_context, p_from);
  v_value jsonb;
  v_due timestamptz := p_from;
begin
  if p_compiled ? 'until' then
    if p_compiled -> 'until' ? 'now' then
      v_due := pgwhen._shift(p_from, coalesce(nullif(p_compiled -> 'until' ->> 'now', '')::interval, '0'), v_zone);
    else
      v_value := pgwhen._delay_value('until', p_compiled, p_context);
      v_due := pgwhen._instant(v_value, v_zone);
      -- Relative to when the delay began, not to each time that it is read.
      if v_value #>> '{}' ~ '^\s*now' then
        v_due := p_from + (v_due - pgwhen._now());
      end if;
    end if;
    if v_due is null then
      raise exception using errcode = 'WF141', message = format('until is %s, which is not a time', left(v_value #>> '{}', 100)),
        hint = 'Give a date, a time, or a text like 2026-12-24 or now + 2 hours.';
    end if;
  end if;
  if p_compiled ? 'for' then
    v_due := pgwhen._shift(v_due, pgwhen._interval(pgwhen._delay_value('for', p_compiled, p_context) #>> '{}'), v_zone);
  end if;
  if p_compiled ? 'offset' then
    v_due := pgwhen._shift(v_due, pgwhen._interval(pgwhen._delay_value('offset', p_compiled, p_context) #>> '{}'), v_zone);
  end if;
  if v_due > p_from + interval '3660 days' then
    raise exception using errcode = 'WF145',
      message = format('the delay would end on %s, more than 10 years after its start', left(pgwhen._iso(v_due) #>> '{}', 10)),
      hint = 'Correct the value, or skip the delay with an if.';
  end if;
  if p_compiled ? 'working' then
    return pgwhen._add_working_time(v_due, pgwhen._interval(pgwhen._delay_value('working', p_compiled, p_context) #>> '{}'), v_window, v_holidays, v_zone);
  end if;
  return pgwhen._fit_window(v_due, pgwhen._delay_time_of_day(p_compiled, p_context), v_window, v_holidays, v_zone);
end
$$;
comment on function pgwhen._delay_due(jsonb, jsonb, timestamptz) is 'When a delay that began at p_from ends: after a duration or working time, or at a value; moved by offset, to a time of day, into its window.';
