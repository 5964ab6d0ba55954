-- A step that sleeps or waits and whose record changed, or that has just begun: looked at once more after the row in waits is
-- there, so that no change between the two is missed. A delay until a value of the record is simply woken: it reads the value
-- again, and sleeps on if that is still to come.
create or replace function pgwhen._recheck_steps(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_leaving uuid[];
  v_reasons text[];
  v_delays pgwhen.step_ref[];
begin
  insert into pgwhen.waits (execution_id, step_id, purpose, match_key)
  select x.execution_id, r.step_id, 'record', pgwhen._record_watch_key(x.attachment_id, x.record_key)
  from unnest(p_steps) r
  join pgwhen.executions x on x.execution_id = r.execution_id
  where x.record_key is not null
  on conflict do nothing;

  with asked as materialized (
    select c.execution_id, c.step_id, t.compiled -> 'watch' = '"value"' as rereads,
      case when t.compiled ? 'leave' then pgwhen._leave_reason(t.compiled -> 'leave',
        c.context || case when x.record_key is null then '{}' else jsonb_build_object('(record)', x.attachment_id) end) end as reason
    from pgwhen._build_contexts(p_steps, 'leave') c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
  ), awake as (
    delete from pgwhen.sleepers s using asked a
    where a.rereads and a.reason is null and s.execution_id = a.execution_id and s.step_id = a.step_id and s.purpose = 'delay'
    returning s.execution_id, s.step_id
  )
  select array_agg(a.execution_id) filter (where a.reason is not null), array_agg(a.reason) filter (where a.reason is not null),
    (select array_agg((w.execution_id, w.step_id)::pgwhen.step_ref) from awake w)
  into v_leaving, v_reasons, v_delays
  from asked a;
  if v_leaving is not null then
    perform pgwhen._leave_executions(v_leaving, v_reasons);
  end if;
  if v_delays is not null then
    perform pgwhen._wake_guarded(v_delays);
  end if;
end
$$;
comment on function pgwhen._recheck_steps(pgwhen.step_ref[]) is 'Looks again at steps that sleep or wait, because their record may have changed.';
