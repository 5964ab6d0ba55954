create or replace function pgwhen._wanted_by_statement(p_kind text, p_value jsonb) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_kind
    when 'assignments' then case when jsonb_typeof(p_value) <> 'object' then 'an object of names and values' end
    when 'limit' then case when p_value #>> '{}' !~ '^\d{1,5}$' or jsonb_typeof(p_value) <> 'number' or p_value::integer not between 1 and 10000
      then 'a whole number from 1 to 10000' end
    when 'max_rows' then case when p_value #>> '{}' !~ '^[1-9]\d{0,8}$' or jsonb_typeof(p_value) <> 'number' then 'a whole number from 1' end
    when 'order' then case when jsonb_typeof(p_value) not in ('string', 'array') or p_value in ('""', '[]')
      or jsonb_path_exists(p_value, 'lax $[*] ? (@.type() != "string")') then 'a column or a list of columns' end
    when 'rows' then case when jsonb_typeof(p_value) = 'array' then
        case when p_value = '[]' or jsonb_path_exists(p_value, 'strict $[*] ? (@.type() != "object")') then 'a list of objects' end
      when not (jsonb_typeof(p_value) = 'string' and p_value #>> '{}' like '%{{%' or pgwhen._is_form(p_value)) then 'a list of objects, or a value that gives one' end
    when 'conflict_update' then case when p_value <> 'true' and (jsonb_typeof(p_value) not in ('array', 'object') or p_value in ('[]', '{}')
      or jsonb_typeof(p_value) = 'array' and jsonb_path_exists(p_value, 'strict $[*] ? (@.type() != "string")')) then 'true, a list of columns, or an object of values' end
  end
$$;
comment on function pgwhen._wanted_by_statement(text, jsonb) is 'What a key of a database step takes instead of a value; null where the value is right.';
