create or replace function pgwhen._when(p_instant timestamptz) returns text
language sql immutable parallel safe
return to_char(p_instant at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS" UTC"');
comment on function pgwhen._when(timestamptz) is 'A time for people.';
