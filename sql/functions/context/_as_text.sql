create or replace function pgwhen._as_text(p_value jsonb) returns text
language sql immutable parallel safe
return case when jsonb_typeof(p_value) in ('string', 'number', 'boolean') then p_value #>> '{}' end;
comment on function pgwhen._as_text(jsonb) is 'A JSON scalar as text; null for objects, arrays and null.';
