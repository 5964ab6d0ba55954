-- What was held goes on under the same generation: it was never sent, or keeps its bytes and its key. Executions are locked first, in
-- id order, as everywhere.
create or replace function pgwhen._release_held(p_held pgwhen.held_ref[]) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_released integer := 0;
  v_ids uuid[];
  v_steps pgwhen.step_ref[];
  v_parts integer[];
begin
  perform from (select distinct h.execution_id from unnest(p_held) h) i
  join pgwhen.executions x on x.execution_id = i.execution_id
  order by x.execution_id
  for no key update of x;
  for v_start in 1..cardinality(p_held) by 500 loop
    with released as (
      delete from pgwhen.held h
      using unnest(p_held[v_start:v_start + 499]) i
      where h.execution_id = i.execution_id and h.step_id = i.step_id and h.part = i.part
      returning h.execution_id, h.step_id, h.part
    )
    select array_agg((r.execution_id, r.step_id)::pgwhen.step_ref order by r.execution_id, r.step_id, r.part),
      array_agg(r.part order by r.execution_id, r.step_id, r.part), array_agg(distinct r.execution_id)
    into v_steps, v_parts, v_ids
    from released r;
    continue when v_ids is null;
    v_released := v_released + cardinality(v_steps);
    perform pgwhen._enqueue_actions(v_steps, v_parts);
    perform pgwhen._refresh_executions(v_ids);
  end loop;
  return v_released;
end
$$;
comment on function pgwhen._release_held(pgwhen.held_ref[]) is 'Puts held actions into the queue again; returns how many.';
