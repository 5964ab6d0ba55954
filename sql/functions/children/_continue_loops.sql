-- The whole of a loop, again and again until it is done: begin it, count what has ended, end it or make the next children. Called when
-- the step starts and whenever a child has ended; called once more it finds nothing to do. Only the tick comes here, with the lock of
-- the loop's execution; children are locked by whoever runs them, and only read here once they have ended.
create or replace function pgwhen._continue_loops(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_settled pgwhen.step_ref[];
begin
  perform pgwhen._open_loops(p_steps);
  perform pgwhen._count_items(p_steps);
  perform pgwhen._turn_whiles(p_steps);
  perform pgwhen._fill_loops(p_steps);
  v_settled := pgwhen._end_loops(p_steps);
  perform pgwhen._make_children(p_steps);
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
end
$$;
comment on function pgwhen._continue_loops(pgwhen.step_ref[]) is 'Begins loops, goes on with them and ends them.';
