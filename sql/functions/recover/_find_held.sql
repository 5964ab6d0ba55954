-- One meaning of the filter for release, discard and their counts: {workflow, step, cause, since, until}; what is not given does not
-- matter. cause is stale, connection, kill_switch or other.
create or replace function pgwhen._find_held(p_filter jsonb) returns pgwhen.held_ref[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_key text;
  v_unknown text := (select min(k) from jsonb_object_keys(p_filter) k where k not in ('workflow', 'step', 'cause', 'since', 'until'));
begin
  if v_unknown is not null then
    raise exception using errcode = 'WF173', message = format('the filter has no %s', v_unknown),
      hint = 'It has workflow, step, cause (stale, connection, kill_switch, other), since and until.';
  elsif p_filter ->> 'cause' not in ('stale', 'connection', 'kill_switch', 'other') then
    raise exception using errcode = 'WF173', message = format('%s is not a cause for which actions are held', p_filter ->> 'cause'),
      hint = 'Causes are stale, connection, kill_switch and other.';
  end if;
  foreach v_key in array '{since,until}'::text[] loop
    if p_filter ->> v_key is not null and pgwhen._instant(p_filter -> v_key, 'UTC') is null then
      raise exception using errcode = 'WF173', message = format('%s is not a time, in %s of the filter', p_filter -> v_key, v_key),
        hint = 'Write it like 2026-11-21 12:00+01, or now - 2 hours.';
    end if;
  end loop;
  perform pgwhen._require_workflow(p_filter ->> 'workflow');
  return array(
    select (h.execution_id, h.step_id, h.part)::pgwhen.held_ref
    from pgwhen.held h
    join pgwhen.executions x on x.execution_id = h.execution_id
    join pgwhen.workflows w on w.workflow_id = x.workflow_id
    where h.tenant = pgwhen._tenant()
      and (p_filter ->> 'workflow' is null or w.workflow = p_filter ->> 'workflow')
      and (p_filter ->> 'step' is null or h.step_id = p_filter ->> 'step')
      and (p_filter ->> 'cause' is null or p_filter ->> 'cause' = case when h.cause = 'stale' then 'stale' when h.cause is not null then 'kill_switch'
        when h.connection is not null then 'connection' else 'other' end)
      and (p_filter ->> 'since' is null or h.held_at >= pgwhen._instant(p_filter -> 'since', 'UTC'))
      and (p_filter ->> 'until' is null or h.held_at < pgwhen._instant(p_filter -> 'until', 'UTC'))
    order by h.held_at, h.execution_id);
end
$$;
comment on function pgwhen._find_held(jsonb) is 'The tenant''s held actions that a filter selects, oldest first.';
