-- What a wait and an event have in common, as text: the source, and where the wait wants one value of a column, that value. Equal
-- values of a type give equal texts here as they are equal to _compare; what is not of the type is equal to nothing and gives
-- null. Objects and lists all share one key: those that meet there are compared later. Bounded, because it is indexed.
create or replace function pgwhen._watch_key(p_source text, p_column text, p_type text, p_value jsonb) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_column = '' then p_source else format('%s:%s=%s', p_source, p_column, case when length(v.text) <= 200 then v.text
    else 'sha256:' || encode(sha256(convert_to(v.text, 'UTF8')), 'hex') end) end
  from (
    select case p_type
      when 'text' then pgwhen._as_text(p_value)
      when 'bpchar' then rtrim(pgwhen._as_text(p_value), ' ')
      when 'numeric' then trim_scale(pgwhen._as_numeric(p_value))::text
      when 'boolean' then pgwhen._as_boolean(p_value)::text
      when 'uuid' then pgwhen._as_uuid(p_value)::text
      when 'jsonb' then case jsonb_typeof(p_value) when 'number' then trim_scale(p_value::numeric)::text when 'null' then null
        when 'object' then '{}' when 'array' then '{}' else p_value::text end
    end as text) v
  where p_column = '' or v.text is not null
$$;
comment on function pgwhen._watch_key(text, text, text, jsonb) is 'Key by which an event finds waits; null where the value can equal none.';
