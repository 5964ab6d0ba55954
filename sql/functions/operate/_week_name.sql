-- ISO weeks in UTC, as the migration names them.
create or replace function pgwhen._week_name(p_table text, p_week timestamptz) returns text
language sql immutable parallel safe
return p_table || '_' || to_char(p_week at time zone 'UTC', 'IYYY"w"IW');
comment on function pgwhen._week_name(text, timestamptz) is 'Name of the partition of a table for a week: events_2026w47.';
