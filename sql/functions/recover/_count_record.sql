create or replace function pgwhen._count_record(p_event_ids uuid[], p_execution_ids uuid[], p_message_ids bigint[]) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object(
    'events', cardinality(p_event_ids),
    'messages', cardinality(p_message_ids),
    'executions', cardinality(p_execution_ids),
    'unfinished', (select count(*) from unnest(p_execution_ids) i join pgwhen.executions x on x.execution_id = i
      where x.status in ('pending', 'running', 'waiting')),
    'in_flight', (select count(*) from unnest(p_execution_ids) i join pgwhen.execution_steps s on s.execution_id = i
      where s.status in ('claimed', 'sending')),
    'execution_steps', (select count(*) from unnest(p_execution_ids) i join pgwhen.execution_steps s on s.execution_id = i),
    'frozen_messages', (select count(*) from unnest(p_execution_ids) i join pgwhen.frozen_messages m on m.execution_id = i),
    'attempts', (select count(*) from unnest(p_execution_ids) i join pgwhen.attempts a on a.execution_id = i),
    'deliveries', (select count(*) from unnest(p_execution_ids) i join pgwhen.deliveries d on d.execution_id = i),
    'documents', (select count(*) from unnest(p_execution_ids) i join pgwhen.documents d on d.execution_id = i),
    'logs', (select count(*) from unnest(p_execution_ids) i join pgwhen.logs l on l.execution_id = i),
    'approval_requests', (select count(*) from unnest(p_execution_ids) i join pgwhen.approval_requests r on r.execution_id = i))
$$;
comment on function pgwhen._count_record(uuid[], uuid[], bigint[]) is 'How much there is about a record: rows by table, executions that have not ended, actions on their way.';
