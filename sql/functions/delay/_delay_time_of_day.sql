create or replace function pgwhen._delay_time_of_day(p_compiled jsonb, p_context jsonb) returns time
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_value jsonb;
  v_time time;
begin
  if p_compiled ? 'at' then
    v_value := pgwhen._delay_value('at', p_compiled, p_context);
    v_time := pgwhen._as_time(v_value);
    if v_time is null then
      raise exception using errcode = 'WF144', message = format('at is %s, which is not a time of day', left(v_value #>> '{}', 100)),
        hint = 'Give one like 09:00.';
    end if;
  end if;
  return v_time;
end
$$;
comment on function pgwhen._delay_time_of_day(jsonb, jsonb) is 'Time of day at which a delay ends; null where any will do.';
