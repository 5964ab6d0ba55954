-- A wait that begins, or one for which something came.
create or replace function pgwhen._handle_waits(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_settled pgwhen.step_ref[];
begin
  perform pgwhen._open_waits(p_steps);
  v_settled := pgwhen._judge_waits(p_steps) || pgwhen._judge_conditions(p_steps) || pgwhen._judge_deliveries(p_steps);
  if v_settled is not null then
    perform pgwhen._advance(v_settled);
  end if;
end
$$;
comment on function pgwhen._handle_waits(pgwhen.step_ref[]) is 'Opens waits, and ends those for which something came.';
