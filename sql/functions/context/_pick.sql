create or replace function pgwhen._pick(p_context jsonb, p_paths jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := jsonb_build_object('now', p_context -> 'now');
  v_path text[];
  v_value jsonb;
begin
  for v_index in 0 .. jsonb_array_length(p_paths) - 1 loop
    v_path := pgwhen._names(p_paths -> v_index);
    -- changed asks whether there was a row before at all.
    if v_path[1] in ('new', 'old') then
      v_path := v_path[1:1];
    end if;
    v_value := p_context #> v_path;
    continue when v_value is null;
    for v_depth in 1 .. cardinality(v_path) - 1 loop
      if v_result #> v_path[1:v_depth] is null then
        v_result := jsonb_set(v_result, v_path[1:v_depth], '{}');
      end if;
    end loop;
    v_result := jsonb_set(v_result, v_path, v_value);
  end loop;
  return v_result;
end
$$;
comment on function pgwhen._pick(jsonb, jsonb) is 'A context with nothing but its clock and what stands at some paths of it.';
