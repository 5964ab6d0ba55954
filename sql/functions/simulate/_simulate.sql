-- The engine with nobody else around: only these executions and what they start, all in the caller's transaction, the clock
-- turned on to whatever is due next. In each round what was left to the tick is done, actions and database steps are performed
-- (the first in pretence), then what is given for steps that wait; only when nothing moves does time pass.
--
-- The bounds keep a workflow that never ends from doing so here.
create or replace function pgwhen._simulate(p_roots uuid[], p_after bigint, p_given jsonb, p_until timestamptz) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_actions constant integer := 1000;
  v_patience timestamptz := clock_timestamp() + interval '20 seconds'; -- wall clock: how long the caller waits
  v_ids uuid[];
  v_actions jsonb := '[]'::jsonb;
  v_done jsonb;
  v_writes jsonb := '[]'::jsonb;
  v_moved integer;
  v_due timestamptz;
  v_stopped text;
begin
  for v_round in 1 .. 2000 loop
    v_ids := pgwhen._simulated_ids(p_roots);
    v_moved := pgwhen._take_handovers_of(v_ids);
    v_done := pgwhen._simulate_statements(v_ids, p_after, p_given);
    v_writes := v_writes || v_done;
    v_moved := v_moved + jsonb_array_length(v_done);
    v_done := pgwhen._simulate_actions(v_ids, p_after, p_given, jsonb_array_length(v_actions));
    v_actions := v_actions || v_done;
    v_moved := v_moved + jsonb_array_length(v_done);
    if v_moved = 0 then
      v_moved := pgwhen._settle_as_given(v_ids, p_given);
    end if;
    v_stopped := case
      when jsonb_array_length(v_actions) >= c_actions then format('stopped after %s messages', jsonb_array_length(v_actions))
      when v_round = 2000 then 'stopped after 2000 rounds'
      when clock_timestamp() > v_patience then 'stopped after 20 seconds' -- wall clock: as above
    end;
    exit when v_stopped is not null;
    continue when v_moved > 0;
    select min(s.due_at) into v_due from unnest(v_ids) i (execution_id) join pgwhen.sleepers s on s.execution_id = i.execution_id;
    exit when v_due is null or v_due > p_until;
    perform set_config('pgwhen.now', to_json(greatest(v_due, pgwhen._now())) #>> '{}', true);
    perform pgwhen._wake_executions(v_ids);
  end loop;
  if p_until < 'infinity' and p_until > pgwhen._now() then
    perform set_config('pgwhen.now', to_json(p_until) #>> '{}', true);
  end if;
  return pgwhen._simulated(pgwhen._simulated_ids(p_roots))
    || jsonb_build_object('actions', v_actions, 'statements', v_writes, 'stopped', v_stopped);
end
$$;
comment on function pgwhen._simulate(uuid[], bigint, jsonb, timestamptz) is 'Goes on with executions until nothing is due before p_until: {now, executions, actions, statements, stopped}. The caller has set the clock, and rolls back.';
