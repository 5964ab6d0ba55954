-- Years to days by the calendar of the zone, so that a day with 23 hours is one; hours and less as they have passed. Toward zero.
create or replace function pgwhen._age(p_form jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_zone constant text := pgwhen._form_zone(p_form, p_context);
  v_from constant timestamptz := pgwhen._form_time(p_form, pgwhen._value(p_form -> 'from', p_context), v_zone);
  v_to constant timestamptz := case when p_form ? 'to' then pgwhen._form_time(p_form, pgwhen._value(p_form -> 'to', p_context), v_zone)
    else pgwhen._now_of(p_context) end;
  v_days constant numeric := trunc(extract(epoch from (v_to at time zone v_zone) - (v_from at time zone v_zone)) / 86400);
  v_age constant interval := age(v_to at time zone v_zone, v_from at time zone v_zone);
  v_seconds constant numeric := extract(epoch from v_to) - extract(epoch from v_from);
begin
  return to_jsonb(case p_form #>> '{unit,literal}'
    when 'years' then extract(year from v_age)
    when 'months' then extract(year from v_age) * 12 + extract(month from v_age)
    when 'weeks' then trunc(v_days / 7)
    when 'days' then v_days
    when 'hours' then trunc(v_seconds / 3600)
    when 'minutes' then trunc(v_seconds / 60)
    when 'seconds' then trunc(v_seconds)
  end);
end
$$;
comment on function pgwhen._age(jsonb, jsonb) is '$age: whole units between two times.';
