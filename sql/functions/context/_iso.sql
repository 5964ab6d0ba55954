create or replace function pgwhen._iso(p_instant timestamptz) returns jsonb
language sql stable parallel safe
return case when isfinite(p_instant) then to_jsonb((to_jsonb(p_instant at time zone 'UTC') #>> '{}') || '+00:00') else to_jsonb(p_instant at time zone 'UTC') end;
comment on function pgwhen._iso(timestamptz) is 'A time as ISO 8601 in UTC, as JSON, whatever the session''s time zone.';
