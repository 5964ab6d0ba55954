-- With pgwhen.fail_point = 'name' the statement sleeps at that point, with 'name!error' it raises. Without the settings row
-- test_mode it does nothing: a session may set anything.
create or replace function pgwhen._stop_at(p_name text) returns boolean
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_setting text := current_setting('pgwhen.fail_point');
begin
  if split_part(v_setting, '!', 1) <> p_name
     or not coalesce((select s.value = 'true' from pgwhen.settings s where s.name = 'test_mode'), false) then
    return true;
  end if;
  if v_setting like '%!error' then
    raise exception using errcode = 'WF149', message = format('fail point %s', p_name),
      hint = 'Unset pgwhen.fail_point.';
  end if;
  perform pg_sleep(600);
  return true;
end
$$;
comment on function pgwhen._stop_at(text) is 'Sleeps or raises at the fail point that a test names.';
