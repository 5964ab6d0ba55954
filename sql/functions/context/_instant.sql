-- Null, not an error, for what is no time: the caller knows what it was for and can say so.
create or replace function pgwhen._instant(p_value jsonb, p_timezone text) returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_zone text := coalesce(p_timezone, 'UTC');
  v_text text := p_value #>> '{}';
  v_instant timestamptz := pgwhen._as_instant(p_value);
begin
  if jsonb_typeof(p_value) is distinct from 'string' then
    return null;
  end if;
  if v_instant is not null then
    -- Without an offset it is a time on the wall of the zone.
    if isfinite(v_instant) and substr(v_text, 12) !~ '[Zz+-]' then
      return pgwhen._wall_time(v_instant at time zone 'UTC', v_zone);
    end if;
    return v_instant;
  end if;
  if v_text ~ '^\s*now\s*$' then
    return pgwhen._now();
  elsif v_text ~ '^\s*now\s*\+' then
    return pgwhen._shift(pgwhen._now(), pgwhen._as_interval(regexp_replace(v_text, '^\s*now\s*\+\s*', '')), v_zone);
  elsif v_text ~ '^\s*now\s*-' then
    return pgwhen._shift(pgwhen._now(), - pgwhen._as_interval(regexp_replace(v_text, '^\s*now\s*-\s*', '')), v_zone);
  end if;
  return null;
end
$$;
comment on function pgwhen._instant(jsonb, text) is 'A time: ISO 8601, a date, or "now + 2 hours"; p_timezone says where a clock without an offset hangs. Null for anything else.';
