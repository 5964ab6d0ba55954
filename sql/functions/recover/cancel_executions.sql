-- At once: what has not begun is cancelled. An action in flight cannot be called back; its result is recorded when it comes, and
-- nothing follows from it.
create or replace function pgwhen.cancel_executions(p_execution_ids uuid[], p_reason text default null)
returns table (execution_id uuid, result text)
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
  v_now timestamptz := pgwhen._now();
  v_ids uuid[];
  v_cancelled uuid[];
  v_in_flight jsonb;
begin
  perform pgwhen._require_executions(p_execution_ids);
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  v_ids := array(
    select x.execution_id from pgwhen.executions x
    where x.execution_id = any (p_execution_ids) and x.tenant = pgwhen._tenant()
    order by x.execution_id
    for no key update);
  with cancelled as (
    update pgwhen.executions x
    set status = 'cancelled', finished_at = v_now, reason = coalesce(p_reason, 'cancelled by ' || coalesce(pgwhen._actor(), session_user))
    where x.execution_id = any (v_ids) and x.status in ('pending', 'running', 'waiting')
    returning x.execution_id
  )
  select array_agg(c.execution_id) into v_cancelled from cancelled c;

  if v_cancelled is not null then
    perform pgwhen._close_executions(v_cancelled);
    perform pgwhen._audit('cancel_executions', v_cancelled::text[], p_reason);
    select jsonb_object_agg(s.execution_id, s.steps) into v_in_flight
    from (
      select s.execution_id, string_agg(s.step_id, ', ' order by s.step_id) as steps
      from unnest(v_cancelled) i (execution_id)
      join pgwhen.execution_steps s on s.execution_id = i.execution_id and s.status in ('claimed', 'sending')
      group by s.execution_id
    ) s;
  end if;
  return query
    select i.execution_id,
      case
        when i.execution_id = any (v_cancelled) then
          coalesce('cancelled; in flight, its result will be recorded: ' || (v_in_flight ->> i.execution_id::text), 'cancelled')
        when x.execution_id is not null then 'already ' || x.status
        else 'not found'
      end
    from (select distinct unnest(p_execution_ids)) i (execution_id)
    left join pgwhen.executions x on x.execution_id = i.execution_id and x.execution_id = any (v_ids)
    order by i.execution_id;
end
$$;
comment on function pgwhen.cancel_executions(uuid[], text) is 'Cancels executions that have not ended; a row for each says cancelled, or why not.
Steps not begun become cancelled; an action in flight ends, its result is recorded and not followed.';
