create or replace function pgwhen._as_uuid(p_value jsonb) returns uuid
language sql immutable parallel safe
return case when jsonb_typeof(p_value) = 'string' and p_value #>> '{}' ~* '^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$'
  then (p_value #>> '{}')::uuid end;
comment on function pgwhen._as_uuid(jsonb) is 'A string that is a uuid; else null.';
