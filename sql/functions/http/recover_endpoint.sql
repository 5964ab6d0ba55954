-- A webhook that is sent again by this is the same webhook: its bytes and its webhook-id go with it into the new generation, so that a
-- receiver that had taken it, and whose answer was lost, takes it for what it is. What could not be rendered is not the endpoint's to
-- recover: it would fail again, or, after a change, be another webhook.
create or replace function pgwhen.recover_endpoint(p_name text, p_since timestamptz, p_reason text default null, p_after uuid default null,
  p_max integer default 500, p_dry_run boolean default false)
returns table (execution_id uuid, result text)
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_column
declare
  v_endpoint pgwhen.endpoints := pgwhen._require_endpoint(p_name, false);
  v_ids uuid[];
  v_missed_ids uuid[];
  v_missed jsonb;
  v_results jsonb;
begin
  if v_endpoint.status = 'disabled' and not p_dry_run then
    raise exception using errcode = 'WF437', message = format('endpoint %s is disabled', p_name), detail = v_endpoint.reason,
      hint = format('When its receiver works again: pgwhen endpoints enable %s, then recover.', p_name);
  elsif p_max is null or p_max not between 1 and 10000 then
    raise exception using errcode = 'WF438', message = format('a page is 1 to 10000 executions, not %s', coalesce(p_max::text, 'null')),
      hint = 'Leave p_max out for the default of 500.';
  end if;
  v_ids := array(
    select distinct f.execution_id from pgwhen._failed_webhooks(v_endpoint.tenant, p_name, p_since) f
    where p_after is null or f.execution_id > p_after
    order by f.execution_id
    limit p_max);
  select array_agg(distinct m.execution_id), jsonb_agg(m) into v_missed_ids, v_missed
  from pgwhen._missed_webhooks(v_endpoint.tenant, p_name, p_since) m
  where m.execution_id = any (v_ids);
  if v_missed_ids is not null then
    select jsonb_object_agg(r.execution_id, r.result) into v_results
    from pgwhen.retry_executions(v_missed_ids, coalesce(p_reason, 'recovery of endpoint ' || p_name), p_dry_run => p_dry_run) r;
  end if;
  if v_missed_ids is not null and not p_dry_run then
    insert into pgwhen.frozen_messages (execution_id, frozen_at, generation, part, step_id, channel, connection, batch_id, recipients, message)
    select f.execution_id, pgwhen._now(), s.generation, f.part, f.step_id, f.channel, f.connection, null, f.recipients, f.message
    from jsonb_to_recordset(v_missed) m (execution_id uuid, step_id text, generation integer)
    join pgwhen.frozen_messages f on f.execution_id = m.execution_id and f.step_id = m.step_id and f.generation = m.generation and f.part = 0
    join pgwhen.execution_steps s on s.execution_id = m.execution_id and s.step_id = m.step_id and s.part = 0
    where s.generation > m.generation and s.attempt > 0
    on conflict do nothing;
    perform pgwhen._audit('recover_endpoint', array[p_name], p_reason, jsonb_build_object('since', p_since, 'executions', cardinality(v_missed_ids)));
  end if;
  return query
    select i.execution_id, coalesce(v_results ->> i.execution_id::text, 'left out: could not be rendered')
    from unnest(v_ids) i (execution_id) order by i.execution_id;
end
$$;
comment on function pgwhen.recover_endpoint(text, timestamptz, text, uuid, integer, boolean) is 'Sends again what an endpoint missed: retries the executions with webhooks to it that failed since p_since and that nobody has retried, p_max at a time in order of id after p_after; a row for each says retried, or why not.
The webhooks keep their bytes and their webhook-id; those that could not be rendered are left out, and stay failed. Other failed steps of these executions are retried with them. p_dry_run judges only.';
