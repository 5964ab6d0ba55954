-- With which outcomes the flow leaves a step, branches included, as [[step, outcome], ...]: what the next step waits for; a third
-- element is the arm that a tail counts for. A stop leaves by no way, unless its if may skip it. An outcome without a branch goes on
-- to the next step, but for those that end the execution or the branch unless something is written for them.
create or replace function pgwhen._step_tails(p_step jsonb, p_on_error text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_id constant jsonb := p_step -> 'id';
  v_on_error constant jsonb := coalesce(p_step -> 'on_error', to_jsonb(p_on_error));
  v_join constant text := pgwhen._join_step(p_step);
  v_tails jsonb := '[]'::jsonb;
  v_row record;
begin
  if p_step ->> 'type' = 'parallel' and jsonb_typeof(p_step -> 'branches') = 'array' then
    v_tails := pgwhen._parallel_tails(p_step, p_on_error);
    if v_join is not null and v_tails <> '[]' then
      v_tails := jsonb_build_array(jsonb_build_array(v_join, 'success'));
    end if;
  end if;
  for v_row in
    select o.outcome, b.steps, b.key
    from unnest(pgwhen._step_outcomes(p_step)) with ordinality o (outcome, n)
    left join pgwhen._branches(p_step) b on b.outcome = o.outcome
    where not (o.outcome = 'success' and p_step ->> 'type' = 'parallel' and jsonb_typeof(p_step -> 'branches') = 'array')
      and (o.outcome <> 'skipped' or p_step ? 'if')
      and (b.steps is not null or o.outcome not in ('error', 'rejected', 'timed_out'))
    order by o.n
  loop
    v_tails := v_tails || pgwhen._branch_tails(v_row.steps, jsonb_build_array(v_id, v_row.outcome), p_on_error);
  end loop;
  if v_on_error = '"continue"' and 'error' = any (pgwhen._step_outcomes(p_step)) then
    v_tails := v_tails || jsonb_build_array(jsonb_build_array(v_id, 'error'));
  end if;
  return v_tails;
end
$$;
comment on function pgwhen._step_tails(jsonb, text) is 'Outcomes with which the flow goes on after a step.';
