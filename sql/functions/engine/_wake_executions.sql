-- Executions are locked before anything of theirs changes, in id order, as everywhere; one that somebody else holds is left
-- for the next tick.
create or replace function pgwhen._wake_executions(p_execution_ids uuid[]) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_ids uuid[];
  v_delays pgwhen.step_ref[];
  v_retries pgwhen.step_ref[];
  v_parts integer[];
  v_others jsonb;
  v_late jsonb;
  v_purpose text;
  v_count integer;
begin
  v_ids := array(
    select x.execution_id
    from unnest(p_execution_ids) i (execution_id)
    join pgwhen.executions x on x.execution_id = i.execution_id
    order by x.execution_id
    for no key update of x skip locked);
  with woken as (
    delete from pgwhen.sleepers s
    using unnest(v_ids) i (execution_id)
    where s.execution_id = i.execution_id and s.due_at <= v_now
    returning s.execution_id, s.step_id, s.part, s.purpose, s.due_at
  )
  select array_agg((w.execution_id, w.step_id)::pgwhen.step_ref) filter (where w.purpose = 'delay'),
    array_agg((w.execution_id, w.step_id)::pgwhen.step_ref) filter (where w.purpose = 'retry'),
    array_agg(w.part) filter (where w.purpose = 'retry'), count(*),
    jsonb_agg(to_jsonb(w)) filter (where w.purpose not in ('delay', 'retry')),
    jsonb_object_agg(w.execution_id, w.due_at) filter (where w.due_at < v_now - interval '5 minutes')
  into v_delays, v_retries, v_parts, v_count, v_others, v_late
  from woken w;
  assert pgwhen._fail_point('tick.woken');
  -- What was slept through, in an outage, is as old as it should have been woken (_start_steps, _enqueue_actions).
  perform set_config('pgwhen.late', v_late::text, true) where v_late is not null;
  if v_delays is not null then
    perform pgwhen._wake_guarded(v_delays);
  end if;
  if v_retries is not null then
    perform pgwhen._enqueue_actions(v_retries, v_parts);
    perform pgwhen._refresh_executions(array(select distinct r.execution_id from unnest(v_retries) r));
  end if;
  -- A step whose time is up is no longer reminded of.
  foreach v_purpose in array case when v_others is null then '{}' else '{timeout,escalate,remind}' end::text[] loop
    perform pgwhen._handle_guarded(v_purpose, array(
      select (o.execution_id, o.step_id)::pgwhen.step_ref
      from jsonb_to_recordset(v_others) as o (execution_id uuid, step_id text, purpose text)
      where o.purpose = v_purpose));
  end loop;
  perform set_config('pgwhen.late', '', true) where v_late is not null;
  return v_count;
end
$$;
comment on function pgwhen._wake_executions(uuid[]) is 'Goes on with the steps of some executions whose time has come; returns how many.';
