-- Constants stand in the definition, so their whole path is known.
create or replace function pgwhen._resolve_constant_path(p_path text[], p_constants jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_value jsonb := coalesce(p_constants, '{}');
begin
  for i in 2 .. cardinality(p_path) loop
    if v_value -> p_path[i] is null
      and (jsonb_typeof(v_value) <> 'array' or p_path[i] !~ '^\d{1,9}$' or v_value -> p_path[i]::integer is null) then
      return jsonb_build_object('problem', jsonb_build_object('code', 'WF017',
        'message', format('%s: %s has no %s', array_to_string(p_path, '.'), array_to_string(p_path[1 : i - 1], '.'), p_path[i]),
        'hint', case when jsonb_typeof(v_value) = 'object' then
          'did you mean ' || array_to_string(p_path[1 : i - 1], '.') || '.' || pgwhen._nearest(p_path[i], array(select jsonb_object_keys(v_value))) || '?' end));
    end if;
    v_value := case when jsonb_typeof(v_value) = 'array' then v_value -> p_path[i]::integer else v_value -> p_path[i] end;
  end loop;
  return jsonb_build_object('type', pgwhen._json_kind(v_value));
end
$$;
comment on function pgwhen._resolve_constant_path(text[], jsonb) is 'What a path under vars means.';
