-- What a join with cancel_rest went on without is recorded when it comes, and not followed.
create or replace function pgwhen._is_left(p_execution_id uuid, p_left_by jsonb) returns boolean
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select exists (
    select from jsonb_array_elements_text(p_left_by) j (step_id)
    join pgwhen.execution_steps s on s.execution_id = p_execution_id and s.step_id = j.step_id and s.part = 0
    where s.status <> 'not_reached')
$$;
comment on function pgwhen._is_left(uuid, jsonb) is 'Whether one of these joins, which do not wait for a step, has gone on.';
