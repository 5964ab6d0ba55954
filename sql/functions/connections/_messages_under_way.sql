-- Messages are bound to their connection when they are frozen; what is not frozen yet chooses by then.
create or replace function pgwhen._messages_under_way(p_tenant text, p_name text) returns bigint
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select count(*)
  from pgwhen.unfinished u
  join pgwhen.executions x on x.execution_id = u.execution_id
  join pgwhen.execution_steps s on s.execution_id = u.execution_id and s.status in ('ready', 'queued', 'claimed', 'sending', 'uncertain', 'sleeping', 'held')
  join pgwhen.frozen_messages f on f.execution_id = s.execution_id and f.step_id = s.step_id and f.generation = s.generation and f.part = s.part
  where f.connection = p_name
    and (x.tenant = p_tenant or p_tenant = 'default' and not exists (
      select from pgwhen.connections own where own.tenant = x.tenant and own.name = p_name))
$$;
comment on function pgwhen._messages_under_way(text, text) is 'How many messages are to leave by a connection, held ones included.';
