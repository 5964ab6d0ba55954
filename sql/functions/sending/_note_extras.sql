-- Beside the class of its attempt a report may say of an address that it is dead or refused, of a document that was made, of an endpoint.
create or replace function pgwhen._note_extras(p_reports pgwhen.action_report[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_documents pgwhen.action_report[] := array(select r from unnest(p_reports) r where r.extra ? 'document');
  v_endpoints pgwhen.action_report[] := array(select r from unnest(p_reports) r where r.extra ? 'endpoint');
begin
  if v_documents <> '{}' then
    perform pgwhen._keep_documents(v_documents);
  end if;
  if v_endpoints <> '{}' then
    perform pgwhen._note_endpoints(v_endpoints);
  end if;
  perform pgwhen._suppress(x.tenant, u.channel, u.address, u.category,
      case when u.reason in ('opt_out', 'bounce', 'complaint', 'dead_token') then u.reason else 'manual' end,
      coalesce(f.connection, 'poller'), r.error ->> 'message')
  from unnest(p_reports) r
  cross join jsonb_to_record(case jsonb_typeof(r.extra -> 'suppress') when 'object' then r.extra -> 'suppress' end)
    as u (channel text, address text, category text, reason text)
  join pgwhen.executions x on x.execution_id = r.execution_id
  left join pgwhen.frozen_messages f on f.execution_id = r.execution_id and f.step_id = r.step_id and f.generation = r.generation and f.part = r.part
  where u.channel in ('email', 'sms', 'push', 'chat') and u.category is distinct from 'transactional'
  order by x.tenant, u.channel, u.address;
end
$$;
comment on function pgwhen._note_extras(pgwhen.action_report[]) is 'Does what extra of reports asks for: {"suppress": {channel, address, reason, category}}, document, endpoint.';
