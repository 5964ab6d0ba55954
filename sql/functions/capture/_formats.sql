create or replace function pgwhen._formats() returns text[]
language sql stable
return array[
  current_setting('TimeZone'), current_setting('IntervalStyle'), current_setting('DateStyle'), current_setting('bytea_output'),
  current_setting('extra_float_digits')
];
comment on function pgwhen._formats() is 'How this session writes values, for _set_formats.';
