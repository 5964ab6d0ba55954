-- The caller holds the executions' locks. In the order in which the first of each purpose was left.
create or replace function pgwhen._take_handovers_of(p_execution_ids uuid[]) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_count integer := 0;
  v_row record;
begin
  for v_row in
    with taken as (
      delete from pgwhen.handovers h
      using unnest(p_execution_ids) i (execution_id)
      where h.execution_id = i.execution_id
      returning h.execution_id, h.step_id, h.purpose, h.seq
    )
    select t.purpose, count(*) as size, array_agg(distinct (t.execution_id, t.step_id)::pgwhen.step_ref) as steps
    from taken t
    group by t.purpose
    order by min(t.seq)
  loop
    perform pgwhen._handle_guarded(v_row.purpose, v_row.steps);
    v_count := v_count + v_row.size;
  end loop;
  return v_count;
end
$$;
comment on function pgwhen._take_handovers_of(uuid[]) is 'Does what was left to the tick for some executions; returns how much.';
