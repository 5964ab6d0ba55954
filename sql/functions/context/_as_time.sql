create or replace function pgwhen._as_time(p_value jsonb) returns time
language sql stable parallel safe
return case when jsonb_typeof(p_value) = 'string'
  and p_value #>> '{}' ~ '^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?|24:00(:00)?)$'
  then (p_value #>> '{}')::time end;
comment on function pgwhen._as_time(jsonb) is 'A string that is a time of day; else null.';
