-- What an execution is asked for is found by our key, and where a provider did not give that back, by the provider's ids of the
-- messages that it sent.
create or replace function pgwhen.list_deliveries(p_status text default null, p_address text default null, p_since timestamptz default null,
  p_execution_id uuid default null, p_limit integer default 50)
returns table (received_at timestamptz, at timestamptz, status text, event text, channel text, address text, connection text, provider text,
  provider_message_id text, execution_id uuid, step_id text, part integer, workflow text, detail jsonb)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_status not in ('accepted', 'delivered', 'failed', 'bounced', 'opened', 'clicked', 'unsubscribed', 'complained', 'received')
     or p_limit is null or p_limit not between 1 and 10000 then
    raise exception using errcode = 'WF469',
      message = case when p_limit is null or p_limit not between 1 and 10000 then format('%s is no number of rows from 1 to 10000', coalesce(p_limit::text, 'null'))
        else format('%s is no status of a delivery', quote_literal(p_status)) end,
      hint = 'A status is accepted, delivered, failed, bounced, opened, clicked, unsubscribed, complained or received.';
  end if;
  return query
  select d.received_at, d.at, d.status, d.event, d.channel, d.address, d.connection, d.provider, d.provider_message_id, d.execution_id, d.step_id, d.part,
    w.workflow, d.detail
  from pgwhen.deliveries d
  left join pgwhen.executions x on x.execution_id = d.execution_id
  left join pgwhen.workflows w on w.workflow_id = x.workflow_id
  where d.tenant = pgwhen._tenant() and (p_status is null or d.status = p_status) and (p_address is null or lower(d.address) = lower(p_address)
      or d.address = pgwhen._plain_address(d.channel, p_address))
    and (p_since is null or d.received_at >= p_since)
    and (p_execution_id is null or d.execution_id = p_execution_id or d.execution_id is null and d.provider_message_id in (
      select a.provider_message_id from pgwhen.attempts a
      join pgwhen.executions e on e.execution_id = a.execution_id and e.tenant = pgwhen._tenant()
      where a.execution_id = p_execution_id))
  order by d.delivery_id desc
  limit p_limit;
end
$$;
comment on function pgwhen.list_deliveries(text, text, timestamptz, uuid, integer) is 'What providers told of the tenant''s messages, the newest first. Raises WF469.
p_since is a time of arrival; p_execution_id also finds what came without our key, by the provider''s ids of its messages.';
