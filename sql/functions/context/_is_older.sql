create or replace function pgwhen._is_older(p_value jsonb, p_duration jsonb, p_now timestamptz) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_instant timestamptz := pgwhen._as_instant(p_value);
  v_interval interval := pgwhen._as_interval(pgwhen._as_text(p_duration));
begin
  return v_instant < pgwhen._shift(p_now, - v_interval);
end
$$;
comment on function pgwhen._is_older(jsonb, jsonb, timestamptz) is 'Whether a time is longer ago than a duration; null for unknown.';
