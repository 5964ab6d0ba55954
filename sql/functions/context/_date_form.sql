-- A date that is moved by whole days stays a date. to_char knows the zone only as the session's, hence the setting, which ends
-- with the function; names of months are English whatever the server speaks.
create or replace function pgwhen._date_form(p_form jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
set lc_time = 'C'
as $$
declare
  v_zone constant text := pgwhen._form_zone(p_form, p_context);
  v_value constant jsonb := pgwhen._value(p_form -> 'field', p_context);
  v_instant timestamptz := pgwhen._form_time(p_form, v_value, v_zone);
  v_trunc constant text := p_form #>> '{trunc,literal}';
  v_offset jsonb;
  v_interval interval := '0'::interval;
  v_format text;
begin
  if v_instant is null then
    return null;
  elsif p_form ->> 'form' = '$format_date' then
    v_format := pgwhen._value(p_form -> 'format', p_context) #>> '{}';
    if length(v_format) > 200 then
      return pgwhen._refuse_value('WF139', p_form, 'the pattern has more than 200 characters', 'Put texts around it with $concat.');
    end if;
    perform set_config('timezone', v_zone, true);
    return to_jsonb(to_char(v_instant, v_format));
  end if;
  if p_form ? 'offset' then
    v_offset := pgwhen._value(p_form -> 'offset', p_context);
    v_interval := pgwhen._as_interval(pgwhen._as_text(v_offset));
    if v_offset is not null and v_interval is null then
      return pgwhen._refuse_value('WF137', p_form, format('%s is not a duration', pgwhen._quote(v_offset)), 'Write it like 3 days or 1 hour 30 minutes.');
    end if;
  end if;
  if v_trunc is not null then
    v_instant := date_trunc(v_trunc, v_instant, v_zone);
  end if;
  v_instant := pgwhen._shift(v_instant, v_interval, v_zone);
  if v_value #>> '{}' ~ '^\d{4}-\d\d-\d\d$' and coalesce(v_trunc, 'day') not in ('hour', 'minute') and v_interval = date_trunc('day', v_interval) then
    return to_jsonb(to_char(v_instant at time zone v_zone, 'YYYY-MM-DD'));
  end if;
  return pgwhen._iso(v_instant);
end
$$;
comment on function pgwhen._date_form(jsonb, jsonb) is '$date: a time cut to its unit, then moved; $format_date: a time by a pattern.';
