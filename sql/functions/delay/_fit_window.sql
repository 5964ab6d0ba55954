-- With both a time of day and a window it is the first such time that lies in the window.
create or replace function pgwhen._fit_window(p_at timestamptz, p_time time, p_window jsonb, p_holidays date[], p_timezone text) returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_at timestamptz := p_at;
  v_opens_at timestamptz;
begin
  for v_count in 0 .. 3661 loop
    if p_time is not null then
      v_at := pgwhen._next_time_of_day(v_at, p_time, p_timezone);
    end if;
    if p_window is null then
      return v_at;
    end if;
    v_opens_at := (pgwhen._next_opening(v_at, p_window, p_holidays, p_timezone)).opens_at;
    if v_opens_at <= v_at then
      return v_at;
    end if;
    v_at := v_opens_at;
    if p_time is null then
      return v_at;
    end if;
  end loop;
  raise exception using errcode = 'WF146', message = format('it is never %s within the window', to_char(p_time, 'HH24:MI')),
    hint = 'Give a time of day that lies between from and to.';
end
$$;
comment on function pgwhen._fit_window(timestamptz, time, jsonb, date[], text) is 'A time moved to the next such time of day, and to when the window is open.';
