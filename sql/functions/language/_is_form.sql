create or replace function pgwhen._is_form(p_value jsonb) returns boolean
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return jsonb_typeof(p_value) = 'object' and exists (select from jsonb_object_keys(p_value) k where left(k, 1) = '$');
end
$$;
comment on function pgwhen._is_form(jsonb) is 'Whether a value is written as a form, such as {$sum: ...}.';
