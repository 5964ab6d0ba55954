create or replace function pgwhen._kind_name(p_kind text) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_kind when 'text' then 'text' when 'bpchar' then 'text' when 'numeric' then 'a number' when 'boolean'
    then 'true or false'
    when 'timestamptz' then 'a time' when 'timestamp' then 'a time' when 'date' then 'a date' when 'time' then 'a time of day'
    when 'interval' then 'a duration' when 'uuid' then 'a uuid' when 'array' then 'a list' else 'JSON' end
$$;
comment on function pgwhen._kind_name(text) is 'A kind of value in words.';
