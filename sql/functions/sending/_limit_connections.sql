-- The tenant's own connection of that name, else the common one. In order, so that two freezes never wait for each other.
create or replace function pgwhen._limit_connections(p_given jsonb, p_now timestamptz) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb := '{}'::jsonb;
  v_row record;
begin
  for v_row in
    select n.tenant, n.name, jsonb_agg(g.value) as messages
    from jsonb_array_elements(p_given) g
    cross join lateral (
      select c.tenant, c.name, c.rate_limit is not null or c.concurrency is not null or c.opened_until is not null as is_limited
      from pgwhen.connections c
      where c.name = g.value ->> 'connection' and c.tenant in (g.value ->> 'tenant', 'default')
      order by c.tenant = g.value ->> 'tenant' desc limit 1) n
    where n.is_limited
    group by n.tenant, n.name
    order by n.tenant, n.name
  loop
    v_result := v_result || pgwhen._limit_connection(v_row.tenant, v_row.name, v_row.messages, p_now);
  end loop;
  return v_result;
end
$$;
comment on function pgwhen._limit_connections(jsonb, timestamptz) is 'Which messages may not leave now because of their connection: by message, {verdict, until, reason}.';
