-- Inputs come as JSON, so their types are JSON's, and texts that spell a time or a uuid.
create or replace function pgwhen._is_input(p_type text, p_value jsonb) returns boolean
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case coalesce(p_type, 'any')
    when 'any' then true
    when 'text' then jsonb_typeof(p_value) = 'string'
    when 'number' then jsonb_typeof(p_value) = 'number'
    when 'integer' then jsonb_typeof(p_value) = 'number' and p_value::numeric = trunc(p_value::numeric)
    when 'boolean' then jsonb_typeof(p_value) = 'boolean'
    when 'date' then p_value #>> '{}' ~ '^\d{4}-\d\d-\d\d$' and pgwhen._as_instant(p_value) is not null
    when 'datetime' then pgwhen._as_instant(p_value) is not null
    when 'time' then pgwhen._as_time(p_value) is not null
    when 'uuid' then pgwhen._as_uuid(p_value) is not null
    when 'object' then jsonb_typeof(p_value) = 'object'
    when 'list' then jsonb_typeof(p_value) = 'array'
  end
$$;
comment on function pgwhen._is_input(text, jsonb) is 'Whether a value is of the type that inputs declares.';
