-- Only the tick opens waits, and only the tick dispatches events: what was dispatched before is in watched_events, what comes
-- later finds the row in waits. So nothing is missed, and no lock is needed. What the execution's own event caused, or came after
-- it, counts; so does what came in the same batch.
create or replace function pgwhen._open_waits(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_new pgwhen.step_ref[] := array(
    select r
    from unnest(p_steps) r
    where not exists (
      select from pgwhen.waits w where w.execution_id = r.execution_id and w.step_id = r.step_id and w.purpose = 'wait' offset 0));
begin
  if v_new = '{}' then
    return;
  end if;
  with opening as materialized (
    select c.execution_id, c.step_id, x.event_id, g.given,
      pgwhen._shift(s.queued_at, (t.compiled #>> '{wait,timeout}')::interval, t.compiled #>> '{wait,timezone}') as until_at,
      case when t.compiled -> 'wait' ? 'until' then pgwhen._record_watch_key(x.attachment_id, x.record_key)
        when t.compiled -> 'wait' ? 'delivery' then format('delivery:%s:%s',
          pgwhen._message_owner(c.execution_id, t.compiled #>> '{wait,delivery}'), t.compiled #>> '{wait,delivery}')
        else pgwhen._wait_key(t.compiled -> 'wait', g.given) end as match_key
    from pgwhen._build_contexts(v_new, 'engine') c
    join pgwhen.executions x on x.execution_id = c.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = c.step_id
    join pgwhen.execution_steps s on s.execution_id = c.execution_id and s.step_id = c.step_id and s.part = 0
    cross join lateral (select pgwhen._given_values(t.compiled #> '{wait,given}', c.context) as given) g
  ), opened as (
    insert into pgwhen.waits (execution_id, until_at, step_id, purpose, match_key, given)
    select o.execution_id, o.until_at, o.step_id, 'wait', o.match_key, o.given from opening o where o.match_key is not null
  ), timed as (
    insert into pgwhen.sleepers (execution_id, due_at, step_id, purpose)
    select o.execution_id, o.until_at, o.step_id, 'timeout' from opening o where o.until_at is not null
    on conflict do nothing
  )
  insert into pgwhen.arrivals (execution_id, event_id, step_id)
  select o.execution_id, e.event_id, o.step_id
  from opening o
  join pgwhen.watched_events e on e.match_key = o.match_key and e.event_id > o.event_id
  on conflict do nothing;
end
$$;
comment on function pgwhen._open_waits(pgwhen.step_ref[]) is 'Makes waits findable by events, with what has come since the execution started.';
