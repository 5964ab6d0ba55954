-- What somebody holds at this moment is on its way: it is left to end like what is being sent. So nothing is waited for here.
create or replace function pgwhen._cancel_steps(p_steps pgwhen.step_ref[], p_reason text) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_cancelled pgwhen.step_ref[];
begin
  with free as materialized (
    select s.execution_id, s.step_id, s.part
    from unnest(p_steps) r
    cross join lateral (
      select e.execution_id, e.step_id, e.part from pgwhen.execution_steps e
      where e.execution_id = r.execution_id and e.step_id = r.step_id
        and e.status in ('ready', 'held', 'queued', 'claimed', 'sleeping', 'waiting', 'uncertain')
      for no key update skip locked) s
  ), cancelled as (
    update pgwhen.execution_steps s
    set status = 'cancelled', finished_at = (select pgwhen._now()), outcome = null,
      reason = p_reason || case s.status when 'uncertain' then '; whether the message left is unknown' else '' end
    from free f
    where s.execution_id = f.execution_id and s.step_id = f.step_id and s.part = f.part
    returning s.execution_id, s.step_id
  )
  select array_agg(distinct (c.execution_id, c.step_id)::pgwhen.step_ref) into v_cancelled from cancelled c;
  if v_cancelled is not null then
    perform pgwhen._forget_steps(v_cancelled);
  end if;
end
$$;
comment on function pgwhen._cancel_steps(pgwhen.step_ref[], text) is 'Cancels steps that have begun and are not on their way, and forgets what they waited for.';
