-- Rows that report and other transactions left because what they ask for reaches beyond their own execution. Handling one may
-- leave others (a loop whose item ends at once), so it goes on until nothing is left, the batch is used up or half a
-- second is over: other work waits for the same tick. An execution that somebody holds is left for the next one.
create or replace function pgwhen._take_handovers(p_max integer) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_count integer := 0;
  v_ids uuid[];
  v_until timestamptz := clock_timestamp() + interval '0.5 seconds'; -- wall clock: how long a transaction may take
begin
  while v_count < p_max and clock_timestamp() < v_until loop -- wall clock: as above
    v_ids := array(
      select x.execution_id
      from (select distinct f.execution_id from (
        select h.execution_id from pgwhen.handovers h order by h.seq limit p_max) f) i
      join pgwhen.executions x on x.execution_id = i.execution_id
      order by x.execution_id
      for no key update of x skip locked);
    exit when v_ids = '{}';
    v_count := v_count + pgwhen._take_handovers_of(v_ids);
    assert pgwhen._fail_point('tick.handed');
  end loop;
  return v_count;
end
$$;
comment on function pgwhen._take_handovers(integer) is 'Does what earlier transactions left to the tick, about p_max of it; returns how much.';
