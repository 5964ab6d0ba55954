create or replace function pgwhen._start_due(p_compiled jsonb, p_context jsonb) returns timestamptz
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_value jsonb := pgwhen._value(p_compiled -> 'at', p_context);
  v_due timestamptz := pgwhen._instant(v_value, coalesce(p_compiled ->> 'timezone', 'UTC'));
begin
  if v_due is null then
    raise exception using errcode = 'WF241', message = case when v_value is null or v_value = 'null' then 'the value of at is missing'
        else format('at is %s, which is not a time', left(v_value #>> '{}', 100)) end,
      hint = 'Give a date, a time, or a text like 2026-12-24 or now + 2 hours; or a default, {{ path | default(...) }}.';
  end if;
  return v_due;
end
$$;
comment on function pgwhen._start_due(jsonb, jsonb) is 'When a start step with at starts; raises WF241 where that is no time.';
