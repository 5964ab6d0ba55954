-- What the branches of a parallel leave by, each with its branch as the arm that it counts for.
create or replace function pgwhen._parallel_tails(p_step jsonb, p_on_error text) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_array(t.value -> 0, t.value -> 1, format('%s.%s', p_step ->> 'id', b.key))), '[]')
  from pgwhen._branches(p_step) b
  cross join lateral jsonb_array_elements(pgwhen._branch_tails(b.steps, jsonb_build_array(p_step -> 'id', b.outcome), p_on_error)) t
  where b.outcome = 'success'
$$;
comment on function pgwhen._parallel_tails(jsonb, text) is 'Outcomes with which the flow leaves the branches of a parallel: [[step, outcome, arm], ...].';
