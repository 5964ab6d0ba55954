create or replace function pgwhen._count_sends(p_given jsonb, p_now timestamptz) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
  insert into pgwhen.recipient_sends (sent_at, execution_id, generation, part, tenant, channel, address, step_id)
  select p_now, c.execution_id, c.generation, c.part, c.tenant, c.channel, c.address, c.step_id
  from pgwhen._capped_messages(p_given) c
  on conflict do nothing
$$;
comment on function pgwhen._count_sends(jsonb, timestamptz) is 'Counts messages that are let through for the caps of their recipients.';
