-- Either way from now: due within two days, or created within two days. A month is a calendar month in UTC.
create or replace function pgwhen._is_within(p_value jsonb, p_duration jsonb, p_now timestamptz) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_instant timestamptz := pgwhen._as_instant(p_value);
  v_interval interval := pgwhen._as_interval(pgwhen._as_text(p_duration));
begin
  return v_instant between pgwhen._shift(p_now, - v_interval) and pgwhen._shift(p_now, v_interval);
end
$$;
comment on function pgwhen._is_within(jsonb, jsonb, timestamptz) is 'Whether a time is at most a duration from now, before or after; null for unknown.';
