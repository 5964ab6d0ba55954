create or replace function pgwhen._is_in_hours(p_time time, p_window jsonb) returns boolean
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when w.from_time < w.to_time then t.time >= w.from_time and t.time < w.to_time
    else t.time >= w.from_time or t.time < w.to_time end
  from (select coalesce(p_window ->> 'from', '00:00')::time as from_time, coalesce(p_window ->> 'to', '24:00')::time as to_time) w,
    (select case when p_time = '24:00' then time '00:00' else p_time end as time) t
$$;
comment on function pgwhen._is_in_hours(time, jsonb) is 'Whether a time of day lies between from and to of a window.';
