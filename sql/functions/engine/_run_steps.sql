-- The way in for whoever has steps to start: dispatch with the roots, an operator's retry with what failed.
create or replace function pgwhen._run_steps(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_settled pgwhen.step_ref[] := pgwhen._start_guarded(p_steps);
begin
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
end
$$;
comment on function pgwhen._run_steps(pgwhen.step_ref[]) is 'Starts steps and goes on from those that settle at once.';
