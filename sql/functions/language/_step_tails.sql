-- With which outcomes the flow leaves a step, branches included, as [[step, outcome], ...]: what the next step waits for.
-- A stop leaves by no way, unless its if may skip it.
create or replace function pgwhen._step_tails(p_step jsonb, p_on_error text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_id constant jsonb := p_step -> 'id';
  v_on_error constant jsonb := coalesce(p_step -> 'on_error', to_jsonb(p_on_error));
  v_tails jsonb;
begin
  if p_step ->> 'type' = 'stop' then
    return case when p_step ? 'if' then jsonb_build_array(jsonb_build_array(v_id, 'success')) else '[]' end;
  elsif p_step ->> 'type' = 'condition' then
    v_tails := pgwhen._branch_tails(p_step -> 'then', jsonb_build_array(v_id, 'true'), p_on_error)
      || pgwhen._branch_tails(p_step -> 'else', jsonb_build_array(v_id, 'false'), p_on_error);
  else
    v_tails := jsonb_build_array(jsonb_build_array(v_id, 'success'));
  end if;
  if v_on_error = '"continue"' then
    v_tails := v_tails || jsonb_build_array(jsonb_build_array(v_id, 'error'));
  elsif jsonb_typeof(v_on_error) = 'array' then
    v_tails := v_tails || pgwhen._branch_tails(v_on_error, jsonb_build_array(v_id, 'error'), p_on_error);
  end if;
  return v_tails;
end
$$;
comment on function pgwhen._step_tails(jsonb, text) is 'Outcomes with which the flow goes on after a step.';
