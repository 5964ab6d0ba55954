-- Judged under the locks of the executions, as a retry is, and of the step's rows, which a claim changes without the former; a row that
-- somebody claims at this moment is not waited for, its step is on its way. A message of the step that stands in the queue is left there: the claim that
-- comes upon it finds the step settled, and removes it.
create or replace function pgwhen.skip_step(p_execution_ids uuid[], p_step text, p_reason text, p_output jsonb default null,
  p_outcome text default null)
returns table (execution_id uuid, result text)
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set join_collapse_limit = 1
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_material = off
as $$
#variable_conflict use_column
declare
  v_ids uuid[];
  v_held uuid[];
  v_slice uuid[];
  v_results jsonb := '{}'::jsonb;
  v_judged jsonb;
  v_open uuid[];
  v_reopened uuid[];
  v_skipped uuid[];
begin
  perform pgwhen._require_executions(p_execution_ids);
  if coalesce(trim(p_reason), '') = '' then
    raise exception using errcode = 'WF159', message = 'a step is skipped for a reason, and none was given',
      hint = 'Give p_reason (--reason): it is shown with the step, and kept in the audit log.';
  end if;
  if octet_length(p_output::text) > 1024 * 1024 then
    raise exception using errcode = 'WF117', message = format('the output has %s bytes, more than 1048576', octet_length(p_output::text)),
      hint = 'Give what later steps read of it.';
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  v_ids := array(
    select x.execution_id from pgwhen.executions x
    where x.execution_id = any (p_execution_ids) and x.tenant = pgwhen._tenant()
    order by x.execution_id
    for no key update);
  perform pgwhen._require_step(coalesce(p_step, ''), array(
    select distinct x.workflow_id from unnest(v_ids) i (execution_id) join pgwhen.executions x on x.execution_id = i.execution_id));

  v_held := array(
    select s.execution_id
    from unnest(v_ids) i (execution_id)
    cross join lateral (
      select e.execution_id from pgwhen.execution_steps e
      where e.execution_id = i.execution_id and e.step_id = p_step and e.part = 0
      for no key update skip locked) s);

  for v_start in 1..cardinality(v_ids) by 500 loop
    select jsonb_object_agg(j.execution_id, case
        when j.refusal is not null then j.refusal
        when not j.is_open and j.others is not null then 'skipped; the execution stays failed because of ' || j.others
        else 'skipped' end),
      array_agg(j.execution_id order by j.execution_id) filter (where j.refusal is null),
      array_agg(j.execution_id) filter (where j.refusal is null and j.is_open),
      array_agg(j.execution_id) filter (where j.refusal is null and not j.is_open and j.others is null)
    into v_judged, v_slice, v_open, v_reopened
    from pgwhen._judge_skip(v_ids[v_start:v_start + 499], v_held, p_step, p_outcome) j;
    if v_slice is not null then
      perform pgwhen._skip(v_slice, v_open, v_reopened, p_step, coalesce(p_outcome, 'success'),
        format('skipped by %s: %s', coalesce(pgwhen._actor(), session_user), p_reason), p_output);
      v_skipped := v_skipped || v_slice;
    end if;
    v_results := v_results || v_judged;
  end loop;
  perform pgwhen._audit('skip_step', v_skipped::text[], p_reason, jsonb_strip_nulls(jsonb_build_object('step', p_step,
    'outcome', p_outcome, 'output', case when p_output is not null then 'given' end)));
  return query
    select i.execution_id, coalesce(v_results ->> i.execution_id::text, 'not found')
    from (select distinct unnest(p_execution_ids)) i (execution_id)
    order by i.execution_id;
end
$$;
comment on function pgwhen.skip_step(uuid[], text, text, jsonb, text) is 'Skips a step that failed, is uncertain or held, sleeps, waits, or stands in the queue, and goes on; a row for each says skipped, or why not.
p_output is what later steps see as its output. A step without a branch success, such as a condition, goes on by p_outcome. An execution that failed because of the step opens again.';
