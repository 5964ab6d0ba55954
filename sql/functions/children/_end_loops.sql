-- A loop ends when too many of its items have failed, whatever is still at work, or when nothing is left to do.
create or replace function pgwhen._end_loops(p_steps pgwhen.step_ref[]) returns pgwhen.step_ref[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_ended pgwhen.step_ref[];
  v_failed pgwhen.step_ref[];
begin
  with ending as materialized (
    select l.*, 0 as part, coalesce(l.failed_count > l.failed_limit, false) as fails
    from unnest(p_steps) r
    cross join lateral (select * from pgwhen.loops l where l.execution_id = r.execution_id and l.step_id = r.step_id offset 0) l
    where l.failed_count > l.failed_limit
      or l.is_read
        and not exists (
          select from pgwhen.loop_items i
          where i.execution_id = l.execution_id and i.step_id = l.step_id and i.item_index >= l.made_count
          offset 0)
        and not exists (
          select from pgwhen.children c where c.parent_execution_id = l.execution_id and c.parent_step_id = l.step_id offset 0)
  ), ended as (
    update pgwhen.execution_steps s
    set status = case when e.fails then 'failed' else 'completed' end, outcome = case when e.fails then 'error' else 'success' end,
      finished_at = (select pgwhen._now()), output = pgwhen._loop_output(e.execution_id, e.step_id, e.generation),
      reason = case when not e.fails then nullif(concat_ws(', ', e.note, case when e.failed_count > 0
        then format('%s of %s items failed', e.failed_count, e.made_count) end), '') end,
      error = case when e.fails then jsonb_build_object('class', 'permanent', 'code', 'item_failed', 'index', e.error -> 'index',
        'message', case when e.failed_count = 1 then '' else format('%s items failed; ', e.failed_count) end
          || format('item %s: %s', e.error -> 'index', coalesce(e.error ->> 'message', e.error ->> 'code'))) end
    from ending e
    where s.execution_id = e.execution_id and s.step_id = e.step_id and s.part = e.part and s.status = 'waiting'
    returning s.execution_id, s.step_id, s.status
  )
  select array_agg((e.execution_id, e.step_id)::pgwhen.step_ref),
    array_agg((e.execution_id, e.step_id)::pgwhen.step_ref) filter (where e.status = 'failed')
  into v_ended, v_failed
  from ended e;
  if v_ended is not null then
    perform pgwhen._drop_children(v_ended);
  end if;
  if v_failed is not null then
    perform pgwhen._record_failures(v_failed);
  end if;
  return v_ended;
end
$$;
comment on function pgwhen._end_loops(pgwhen.step_ref[]) is 'Ends the loops that are done or have failed; returns them.';
