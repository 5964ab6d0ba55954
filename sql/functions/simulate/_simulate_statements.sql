-- Database steps are performed for real, as the poller has them performed, since all is rolled back; each sees what the one before it
-- wrote. One for which an output or error is given is not.
create or replace function pgwhen._simulate_statements(p_ids uuid[], p_after bigint, p_given jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_path text;
  v_claimed jsonb[];
  v_one jsonb;
  v_given jsonb;
  v_done jsonb := '[]'::jsonb;
begin
  with message as materialized (
    select q.msg_id, s.execution_id, s.step_id, s.part, t.type, t.definition
    from pgmq.q_pgwhen_actions q
    join pgwhen.execution_steps s on s.execution_id = (q.message ->> 'execution')::uuid and s.step_id = q.message ->> 'step'
      and s.part = (q.message ->> 'part')::integer and s.generation = (q.message ->> 'generation')::integer
    join pgwhen.executions x on x.execution_id = s.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = s.step_id
    where q.msg_id > p_after and t.performed_by = 'database' and (q.message ->> 'execution')::uuid = any (p_ids) and s.status = 'queued'
      and x.status in ('pending', 'running', 'waiting')
  ), step as (
    update pgwhen.execution_steps s
    set status = 'claimed', attempt = s.attempt + 1, started_at = v_now
    from message m
    where s.execution_id = m.execution_id and s.step_id = m.step_id and s.part = m.part
    returning m.msg_id, s.generation, s.attempt
  )
  select array_agg(jsonb_build_object('execution_id', m.execution_id, 'step_id', m.step_id, 'part', m.part, 'generation', s.generation,
    'attempt', s.attempt, 'message_id', m.msg_id, 'type', m.type, 'definition', m.definition) order by m.msg_id)
  into v_claimed
  from step s
  join message m on m.msg_id = s.msg_id;
  if v_claimed is null then
    return jsonb '[]';
  end if;

  -- Triggers of the application run with the search_path that a session has from the start.
  select s.reset_val into v_path from pg_settings s where s.name = 'search_path';
  foreach v_one in array v_claimed loop
    v_given := coalesce(p_given -> (v_one ->> 'step_id'), '{}');
    if v_given ?| '{output,error}' then
      perform pgwhen._apply_reports(array[jsonb_populate_record(null::pgwhen.action_report, (v_one - '{type,definition}'::text[])
        || jsonb_build_object('class', case when v_given ? 'error' then 'permanent' else 'ok' end,
          'output', v_given -> 'output', 'error', (v_given -> 'error') - 'class', 'started_at', v_now, 'finished_at', v_now))]);
    else
      perform pgwhen._run_database_step(v_one - '{type,definition}'::text[], v_path);
    end if;
    v_done := v_done || (
      select v_one || jsonb_build_object('at', v_now, 'given', v_given ?| '{output,error}', 'status', s.status, 'output', s.output, 'error', s.error)
      from pgwhen.execution_steps s
      where s.execution_id = (v_one ->> 'execution_id')::uuid and s.step_id = v_one ->> 'step_id' and s.part = (v_one ->> 'part')::integer);
  end loop;
  return v_done;
end
$$;
comment on function pgwhen._simulate_statements(uuid[], bigint, jsonb) is 'Performs the database steps of some executions; what each came to.';
