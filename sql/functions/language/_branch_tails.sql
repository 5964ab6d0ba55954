-- What leaves a branch: the tails of its steps that no other step of the branch comes after; an empty branch is passed by. A
-- fallback is a branch of one step.
create or replace function pgwhen._branch_tails(p_steps jsonb, p_entry jsonb, p_on_error text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tails jsonb := '[]'::jsonb;
  v_step jsonb;
  v_next jsonb;
begin
  if jsonb_typeof(p_steps) = 'object' then
    return pgwhen._step_tails(p_steps, p_on_error);
  elsif jsonb_typeof(p_steps) is distinct from 'array' or p_steps = '[]' then
    return jsonb_build_array(p_entry);
  end if;
  for v_index in 0 .. jsonb_array_length(p_steps) - 1 loop
    v_step := p_steps -> v_index;
    v_next := p_steps -> (v_index + 1);
    if jsonb_typeof(v_step) = 'object' and (v_next is null or v_next ? 'needs')
       and not jsonb_path_exists(p_steps, '$[*].needs[*] ? (@ == $id)', jsonb_build_object('id', v_step -> 'id')) then
      v_tails := v_tails || pgwhen._step_tails(v_step, p_on_error);
    end if;
  end loop;
  return v_tails;
end
$$;
comment on function pgwhen._branch_tails(jsonb, jsonb, text) is 'Outcomes with which the flow leaves a branch.';
