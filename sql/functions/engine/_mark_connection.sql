-- One clock and one state for all pollers: after throttling nobody sends before it, after refused credentials nobody sends
-- until somebody resumes the connection.
create or replace function pgwhen._mark_connection(p_tenant text, p_name text, p_class text, p_until timestamptz, p_reason text, p_now timestamptz) returns boolean
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with changed as (
    update pgwhen.connections c
    set throttled_until = case when p_class = 'throttled' then greatest(c.throttled_until, p_until) else c.throttled_until end,
      status = case when p_class = 'auth' then 'paused' else c.status end,
      reason = case when p_class = 'auth' then coalesce(p_reason, 'the provider refused the credentials') else c.reason end,
      updated_at = p_now
    where c.name = p_name
      and c.tenant = (select n.tenant from pgwhen.connections n where n.name = p_name and n.tenant in (p_tenant, 'default')
                      order by n.tenant = p_tenant desc limit 1)
    returning 1
  )
  select exists (select from changed)
$$;
comment on function pgwhen._mark_connection(text, text, text, timestamptz, text, timestamptz) is 'Throttles or pauses a connection after what its provider said.';
