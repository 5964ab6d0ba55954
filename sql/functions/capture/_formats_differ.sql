-- Settings that change how to_jsonb writes a value. A message must not depend on the session that wrote the row: an interval
-- written under another IntervalStyle would look changed.
create or replace function pgwhen._formats_differ() returns boolean
language sql stable
return current_setting('TimeZone') not in ('UTC', 'Etc/UTC', 'GMT')
  or current_setting('IntervalStyle') <> 'postgres'
  or not starts_with(current_setting('DateStyle'), 'ISO')
  or current_setting('bytea_output') <> 'hex'
  or current_setting('extra_float_digits') not in ('1', '2', '3');
comment on function pgwhen._formats_differ() is 'Whether this session writes values otherwise than messages have them.';
