-- Written at most every ten seconds: a heartbeat a call would be an update a claim.
create or replace function pgwhen._see_poller(p_poller jsonb, p_batch integer) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
begin
  if exists (
    select from pgwhen.pollers p
    where p.poller_id = p_poller ->> 'id' and p.seen_at > v_now - interval '10 seconds' and p.seen_at <= v_now and p.batch >= p_batch) then
    return;
  end if;
  insert into pgwhen.pollers (poller_id, contract, batch, started_at, seen_at, extra)
  values (coalesce(p_poller ->> 'id', 'unnamed'), (p_poller ->> 'contract')::integer, p_batch, v_now, v_now,
    p_poller - '{id,contract,connections,connections_revision,actions}'::text[])
  on conflict (poller_id) do update
  set seen_at = excluded.seen_at, batch = greatest(excluded.batch, 1), extra = excluded.extra, contract = excluded.contract;
  perform pgwhen._see_actions(p_poller);
  insert into pgwhen.connections (tenant, name, channel, provider, updated_at)
  select 'default', c.name, c.channel, c.provider, v_now
  from jsonb_to_recordset(coalesce(p_poller -> 'connections', '[]')) as c (name text, channel text, provider text)
  on conflict (tenant, name) do nothing;
end
$$;
comment on function pgwhen._see_poller(jsonb, integer) is 'Notes that a poller lives and which connections its environment has.';
