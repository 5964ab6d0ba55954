create or replace function pgwhen._log_given_up(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_steps pgwhen.step_ref[];
  v_messages text[];
begin
  select array_agg((s.execution_id, s.step_id)::pgwhen.step_ref),
    array_agg(format('given up after %s attempts: %s', s.tries, coalesce(s.error ->> 'message', s.error ->> 'code', 'no message')))
  into v_steps, v_messages
  from unnest(p_steps) r
  cross join lateral (
    select s.* from pgwhen.execution_steps s
    where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = 0 and s.status = 'failed' and s.tries > 1
    offset 0) s;
  if v_steps is not null then
    perform pgwhen._log('error', v_steps, v_messages);
  end if;
end
$$;
comment on function pgwhen._log_given_up(pgwhen.step_ref[]) is 'Remarks on failed steps that had been tried more than once.';
