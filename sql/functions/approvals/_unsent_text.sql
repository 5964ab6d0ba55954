-- A message that could not be sent does not end its approval: the other approvers may have theirs, and the request stands in lists. Nor
-- does it end a notification that has another channel.
create or replace function pgwhen._unsent_text(p_execution_id uuid, p_step_id text, p_generation integer, p_part integer, p_error jsonb)
returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select format('the %s to %s was not sent: %s', coalesce(m.kind, m.channel, 'message'), coalesce(m.approver, m.recipient, 'somebody'),
    coalesce(p_error ->> 'message', p_error ->> 'code', 'no error recorded'))
  from (values (1)) one
  left join lateral (
    select a.kind, a.approver, null as channel, null as recipient
    from pgwhen.approval_requests r
    join pgwhen.approval_messages a on a.approval_id = r.approval_id and a.part = p_part
    where r.execution_id = p_execution_id and r.step_id = p_step_id and r.generation = p_generation
    union all
    select null, null, n.channels[p_part], n.recipient
    from pgwhen.notifications n
    where n.execution_id = p_execution_id and n.step_id = p_step_id and n.generation = p_generation) m on true
$$;
comment on function pgwhen._unsent_text(uuid, text, integer, integer, jsonb) is 'That a message of an approval or notification was not sent, and why, in words.';
