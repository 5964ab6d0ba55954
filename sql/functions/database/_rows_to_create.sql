create or replace function pgwhen._rows_to_create(p_spec jsonb, p_context jsonb, p_relation regclass) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_given jsonb;
  v_unknown text;
begin
  if p_spec ? 'set' then
    return jsonb_build_array(pgwhen._values_of(p_spec -> 'set', p_context));
  elsif p_spec -> 'rows' ? 'each' then
    return (select jsonb_agg(pgwhen._values_of(r.value, p_context) order by r.ordinality)
      from jsonb_array_elements(p_spec -> 'rows' -> 'each') with ordinality r);
  end if;
  v_given := coalesce(pgwhen._value(p_spec -> 'rows' -> 'value', p_context), '[]');
  if jsonb_typeof(v_given) <> 'array' or jsonb_path_exists(v_given, 'strict $[*] ? (@.type() != "object")') then
    raise exception using errcode = 'WF261', message = format('rows is not a list of objects: %s', pgwhen._quote(v_given)),
      hint = 'Make each row an object of columns and values, with $map for example.';
  elsif jsonb_array_length(v_given) > 10000 then
    raise exception using errcode = 'WF261', message = format('rows has %s rows, at most 10000 are written by one step', jsonb_array_length(v_given)),
      hint = 'Divide them with a loop.';
  end if;
  select k.key into v_unknown
  from jsonb_array_elements(v_given) r
  cross join lateral jsonb_object_keys(r.value) k (key)
  where pgwhen._find_column(p_relation, k.key) is null
  limit 1;
  if v_unknown is not null then
    raise exception using errcode = 'WF134', message = format('%s has no column %s', pgwhen._table_name(p_relation), v_unknown),
      detail = 'The workflow writes it.', hint = 'Correct the name in rows.';
  end if;
  return (
    select coalesce(jsonb_agg((select coalesce(jsonb_object_agg(pgwhen._find_column(p_relation, c.key) ->> 'name', c.value), '{}') from jsonb_each(r.value) c)
      order by r.ordinality), '[]')
    from jsonb_array_elements(v_given) with ordinality r);
end
$$;
comment on function pgwhen._rows_to_create(jsonb, jsonb, regclass) is 'Rows that a create step writes, as a list of objects of columns and values.';
