-- Called while the frozen messages still say whom they went to: what was told without our key is found by the address. That a message
-- bounced stays, whose it was goes; so do the events that told of it, and texts that came from that number.
create or replace function pgwhen._forget_deliveries(p_execution_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_events uuid[];
begin
  with addressed as materialized (
    select distinct lower(r.address) as address
    from unnest(p_execution_ids) i
    join pgwhen.frozen_messages m on m.execution_id = i
    cross join unnest(m.recipients) r (address)
  ), found as materialized (
    select d.delivery_id from unnest(p_execution_ids) i join pgwhen.deliveries d on d.execution_id = i
    union
    select d.delivery_id from addressed a join pgwhen.deliveries d on lower(d.address) = a.address
    where d.execution_id is null and d.tenant = pgwhen._tenant()
  ), forgotten as (
    update pgwhen.deliveries d
    set address = null, detail = '{}', provider_message_id = null
    from found f
    where d.delivery_id = f.delivery_id
    returning d.event_id
  )
  select array_agg(f.event_id) into v_events from forgotten f where f.event_id is not null;
  delete from pgmq.q_pgwhen_events q using pgwhen.deliveries d
  where d.event_id = any (v_events) and q.message #>> '{input,delivery}' = d.delivery_id::text;
  update pgwhen.events e
  set input = null, actor = null, error = pgwhen._bare_error(e.error), notes = jsonb_build_object('forgotten', pgwhen._now())
  from unnest(v_events) i
  where e.event_id = i;
end
$$;
comment on function pgwhen._forget_deliveries(uuid[]) is 'Erases whom the messages of executions went to from what providers told, and from the events of that.';
