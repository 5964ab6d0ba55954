create or replace function pgwhen._approver_values(p_compiled jsonb, p_context jsonb) returns text[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_value jsonb := pgwhen._value(p_compiled, p_context);
begin
  if p_compiled is null then
    return null;
  end if;
  return array(
    select trim(v.value)
    from jsonb_array_elements_text(case jsonb_typeof(v_value) when 'array' then v_value else jsonb_build_array(v_value) end) v
    where trim(v.value) <> '');
end
$$;
comment on function pgwhen._approver_values(jsonb, jsonb) is 'The texts that a value comes to: one, several, none; null where no value is given.';
