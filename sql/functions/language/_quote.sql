-- Names and values of other people in messages: short, and as JSON where they are not plain text.
create or replace function pgwhen._quote(p_value jsonb) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when length(v.text) > 60 then left(v.text, 57) || '...' else v.text end
  from (select case jsonb_typeof(p_value) when 'string' then '"' || (p_value #>> '{}') || '"' else p_value::text end as text) v
$$;
comment on function pgwhen._quote(jsonb) is 'A value as messages show it, cut to 60 characters.';
