-- Times are written as a wall clock in UTC where the column has no zone, which is what conditions take them for. Only a whole number
-- that is a bigint is written in digits alone.
create or replace function pgwhen._operand_as(p_kind text, p_value jsonb, p_labels text[]) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_kind
    when 'text' then pgwhen._as_text(p_value)
    when 'enum' then pgwhen._as_text(p_value)
    when 'integer' then case
      when trunc(pgwhen._as_numeric(p_value)) <> pgwhen._as_numeric(p_value) then pgwhen._as_numeric(p_value)::text
      when pgwhen._as_numeric(p_value) between -9223372036854775808 and 9223372036854775807 then trunc(pgwhen._as_numeric(p_value))::text
      when pgwhen._as_numeric(p_value)::text ~ '[0-9]' then pgwhen._as_numeric(p_value)::text || 'e0'
      else pgwhen._as_numeric(p_value)::text end
    when 'numeric' then pgwhen._as_numeric(p_value)::text
    when 'boolean' then pgwhen._as_boolean(p_value)::text
    when 'uuid' then pgwhen._as_uuid(p_value)::text
    when 'time' then pgwhen._as_time(p_value)::text
    when 'timestamptz' then pgwhen._iso(pgwhen._as_instant(p_value)) #>> '{}'
    else to_jsonb(pgwhen._as_instant(p_value) at time zone 'UTC') #>> '{}'
  end
$$;
comment on function pgwhen._operand_as(text, jsonb, text[]) is 'An operand as text of the kind that a column is compared as; null where it is not of that kind.';
