-- What a throttle or an open circuit breaker deferred would wait for a time that has lost its meaning. Turns of a rate stay.
create or replace function pgwhen._wake_deferred(p_tenant text, p_name text) returns integer
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with woken as (
    update pgwhen.sleepers z
    set due_at = pgwhen._now()
    from pgwhen.execution_steps s, pgwhen.executions x
    where z.purpose = 'retry' and s.execution_id = z.execution_id and s.step_id = z.step_id and s.part = z.part and s.status = 'sleeping'
      and (starts_with(s.reason, format('connection %s is throttled', p_name)) or starts_with(s.reason, format('connection %s: circuit breaker', p_name)))
      and x.execution_id = z.execution_id
      and (x.tenant = p_tenant or p_tenant = 'default' and not exists (
        select from pgwhen.connections c where c.tenant = x.tenant and c.name = p_name))
    returning 1
  )
  select count(*)::integer from woken
$$;
comment on function pgwhen._wake_deferred(text, text) is 'Lets messages go on that a throttle or the circuit breaker of a connection deferred; returns how many.';
