create or replace function pgwhen._text(p_value jsonb) returns text
language sql immutable parallel safe
return p_value #>> '{}';
comment on function pgwhen._text(jsonb) is 'A value within a text: numbers exact, true as true, objects and arrays as JSON; null for null.';
