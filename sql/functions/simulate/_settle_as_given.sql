-- A step that waits for something outside (an event, a person) comes to what is given for it.
create or replace function pgwhen._settle_as_given(p_ids uuid[], p_given jsonb) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_failed pgwhen.step_ref[];
  v_ending pgwhen.step_ref[];
  v_settled pgwhen.step_ref[];
  v_step pgwhen.step_ref;
begin
  select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) filter (where p_given -> s.step_id ? 'error' or g.is_lost),
    array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) filter (where not (p_given -> s.step_id ? 'error' or g.is_lost)),
    array_agg((s.execution_id, s.step_id)::pgwhen.step_ref) filter (where g.outcome = 'rejected' and not g.has_branch)
  into v_failed, v_settled, v_ending
  from unnest(p_ids) i (execution_id)
  join pgwhen.execution_steps s on s.execution_id = i.execution_id
  join pgwhen.executions x on x.execution_id = i.execution_id
  cross join lateral (select p_given -> s.step_id ->> 'outcome' as outcome, exists (
    select from pgwhen.edges e
    where e.workflow_id = x.workflow_id and e.version = x.version and e.source = s.step_id
      and e.outcome = p_given -> s.step_id ->> 'outcome') as has_branch) o
  cross join lateral (select o.outcome, o.has_branch, coalesce(o.outcome = 'timed_out', false) and not o.has_branch as is_lost) g
  where s.part = 0 and s.status = 'waiting' and x.status in ('pending', 'running', 'waiting')
    and p_given -> s.step_id ?| '{outcome,output,error}';

  foreach v_step in array coalesce(v_failed, '{}') loop
    perform pgwhen._fail_step(v_step, coalesce('{"class": "permanent", "code": "given", "message": "failed as given"}'::jsonb
      || (p_given -> v_step.step_id -> 'error'), '{"class": "permanent", "code": "timeout", "message": "nothing came in time"}'));
  end loop;
  if v_settled is null then
    return coalesce(cardinality(v_failed), 0);
  end if;

  update pgwhen.execution_steps s
  set status = 'completed', outcome = coalesce(p_given -> s.step_id ->> 'outcome', case t.type when 'approval' then 'approved' else 'success' end),
    finished_at = v_now, reason = 'as given',
    output = case when t.type = 'approval' then jsonb_build_object('decision', coalesce(p_given -> s.step_id ->> 'outcome', 'approved'),
      'by', 'somebody', 'comment', null, 'votes', '[]'::jsonb) || coalesce(nullif(p_given -> s.step_id -> 'output', 'null'), '{}')
      else nullif(p_given -> s.step_id -> 'output', 'null') end
  from unnest(v_settled) r
  join pgwhen.executions x on x.execution_id = r.execution_id
  join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
  where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0;
  delete from pgwhen.sleepers z using unnest(v_settled) r where z.execution_id = r.execution_id and z.step_id = r.step_id;
  delete from pgwhen.waits w using unnest(v_settled) r where w.execution_id = r.execution_id and w.step_id = r.step_id;
  -- A rejection that the workflow does not provide for ends it.
  if v_ending is not null then
    perform pgwhen._end_executions(v_ending);
  end if;
  perform pgwhen._advance(v_settled);
  return coalesce(cardinality(v_failed), 0) + cardinality(v_settled);
end
$$;
comment on function pgwhen._settle_as_given(uuid[], jsonb) is 'Settles waiting steps for which an outcome, output or error is given; returns how many.';
