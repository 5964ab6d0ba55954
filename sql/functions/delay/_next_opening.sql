-- Days and holidays are those on which a window opens: one over midnight closes on the day after. It begins with the day before,
-- whose window may still be open. A day whose window the clocks skip has none.
create or replace function pgwhen._next_opening(p_at timestamptz, p_window jsonb, p_holidays date[], p_timezone text,
  out opens_at timestamptz, out closes_at timestamptz)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_days constant jsonb := coalesce(p_window -> 'days', '[1, 2, 3, 4, 5, 6, 7]');
  v_from constant time := coalesce(p_window ->> 'from', '00:00')::time;
  v_to constant time := coalesce(p_window ->> 'to', '24:00')::time;
  v_first constant date := (p_at at time zone p_timezone)::date - 1;
  v_day date;
begin
  for v_count in 0 .. 3661 loop
    v_day := v_first + v_count;
    continue when not v_days @> to_jsonb(extract(isodow from v_day)::integer) or v_day = any (p_holidays);
    opens_at := pgwhen._wall_time(v_day + v_from, p_timezone);
    closes_at := pgwhen._wall_time(v_day + (v_to <= v_from)::integer + v_to, p_timezone);
    if closes_at > p_at and closes_at > opens_at then
      return;
    end if;
  end loop;
  raise exception using errcode = 'WF146', message = format('the window does not open within 10 years of %s', v_first + 1),
    hint = 'Look at its days and holidays.';
end
$$;
comment on function pgwhen._next_opening(timestamptz, jsonb, date[], text) is 'When a window is open next, or is open now: the first span that ends after p_at.';
