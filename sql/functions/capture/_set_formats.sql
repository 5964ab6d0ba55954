-- In place of SET clauses of the trigger functions, which cost 1.3 microseconds a statement, also where nobody subscribed, and
-- most servers run in UTC. Inlined, this costs 4, in a session that differs, for a statement that is an event. Where the
-- statement fails before the formats are set back, its rollback does that.
create or replace function pgwhen._set_formats(p_formats text[]) returns text[]
language sql volatile
return array[
  case when current_setting('TimeZone') <> p_formats[1] then set_config('TimeZone', p_formats[1], true) end,
  case when current_setting('IntervalStyle') <> p_formats[2] then set_config('IntervalStyle', p_formats[2], true) end,
  case when current_setting('DateStyle') <> p_formats[3] then set_config('DateStyle', p_formats[3], true) end,
  case when current_setting('bytea_output') <> p_formats[4] then set_config('bytea_output', p_formats[4], true) end,
  case when current_setting('extra_float_digits') <> p_formats[5] then set_config('extra_float_digits', p_formats[5], true) end
];
comment on function pgwhen._set_formats(text[]) is 'Sets the formats of _formats() until the transaction ends; returns those that were changed.';
