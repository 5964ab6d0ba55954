-- One order per type, the same in every database: text by code points (collation "C"), numbers exactly, times as instants
-- (a date is its midnight in UTC). What is not of the type makes the result unknown, never an error. Inlined into its
-- callers: the types' own comparison functions, strict as they are, do the rest.
create or replace function pgwhen._compare(p_left jsonb, p_right jsonb, p_type text) returns integer
language sql stable parallel safe
return case coalesce(p_type, case jsonb_typeof(p_right) when 'string' then 'text' when 'number' then 'numeric' when 'boolean' then 'boolean' end)
  when 'text' then bttextcmp(pgwhen._as_text(p_left) collate "C", pgwhen._as_text(p_right))
  when 'numeric' then numeric_cmp(pgwhen._as_numeric(p_left), pgwhen._as_numeric(p_right))
  when 'timestamptz' then timestamptz_cmp(pgwhen._as_instant(p_left), pgwhen._as_instant(p_right))
  when 'timestamp' then timestamptz_cmp(pgwhen._as_instant(p_left), pgwhen._as_instant(p_right))
  when 'date' then timestamptz_cmp(pgwhen._as_instant(p_left), pgwhen._as_instant(p_right))
  when 'boolean' then btboolcmp(pgwhen._as_boolean(p_left), pgwhen._as_boolean(p_right))
  when 'uuid' then uuid_cmp(pgwhen._as_uuid(p_left), pgwhen._as_uuid(p_right))
  when 'time' then time_cmp(pgwhen._as_time(p_left), pgwhen._as_time(p_right))
  when 'interval' then interval_cmp(pgwhen._as_interval(pgwhen._as_text(p_left)), pgwhen._as_interval(pgwhen._as_text(p_right)))
  -- char(n) is padded with blanks that mean nothing.
  when 'bpchar' then bttextcmp(rtrim(pgwhen._as_text(p_left), ' ') collate "C", rtrim(pgwhen._as_text(p_right), ' '))
  else case when p_left = p_right or jsonb_typeof(p_left) = jsonb_typeof(p_right) then jsonb_cmp(p_left, p_right) end
end;
comment on function pgwhen._compare(jsonb, jsonb, text) is 'Order of two values as a type: less than 0, 0, more than 0; null where either is missing or not of the type.';
