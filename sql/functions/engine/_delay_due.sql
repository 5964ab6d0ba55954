-- A missing date fails the step: a delay that silently became none would send at once what was meant for later.
create or replace function pgwhen._delay_due(p_compiled jsonb, p_context jsonb, p_from timestamptz) returns timestamptz
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_value jsonb;
  v_due timestamptz := p_from;
begin
  if p_compiled ? 'until' then
    v_value := pgwhen._value(p_compiled -> 'until', p_context);
    if v_value is null or v_value = 'null' then
      raise exception using errcode = 'WF141', message = 'the value of until is missing',
        hint = 'Give a default, {{ path | default(...) }}, or an if that skips the delay.';
    end if;
    v_due := pgwhen._instant(v_value, coalesce(p_compiled ->> 'timezone', 'UTC'));
    if v_due is null then
      raise exception using errcode = 'WF141', message = format('until is %s, which is not a time', left(v_value #>> '{}', 100)),
        hint = 'Give a date, a time, or a text like 2026-12-24 or now + 2 hours.';
    end if;
  end if;
  if p_compiled ? 'for' then
    v_value := pgwhen._value(p_compiled -> 'for', p_context);
    if v_value is null or v_value = 'null' then
      raise exception using errcode = 'WF141', message = 'the value of for is missing',
        hint = 'Give a default, {{ path | default(...) }}, or an if that skips the delay.';
    end if;
    v_due := v_due + pgwhen._interval(v_value #>> '{}');
  end if;
  if p_compiled ? 'offset' then
    v_due := v_due + pgwhen._interval(pgwhen._value(p_compiled -> 'offset', p_context) #>> '{}');
  end if;
  return v_due;
end
$$;
comment on function pgwhen._delay_due(jsonb, jsonb, timestamptz) is 'When a delay ends: from p_from on for a duration, or until a value, moved by offset.';
