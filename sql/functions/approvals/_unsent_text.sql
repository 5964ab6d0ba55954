-- A message that could not be sent does not end its approval: the other approvers may have theirs, and the request stands in lists.
create or replace function pgwhen._unsent_text(p_execution_id uuid, p_step_id text, p_generation integer, p_part integer, p_error jsonb)
returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select format('the %s to %s was not sent: %s', m.kind, m.approver, coalesce(p_error ->> 'message', p_error ->> 'code', 'no error recorded'))
  from pgwhen.approval_requests r
  join pgwhen.approval_messages m on m.approval_id = r.approval_id and m.part = p_part
  where r.execution_id = p_execution_id and r.step_id = p_step_id and r.generation = p_generation
$$;
comment on function pgwhen._unsent_text(uuid, text, integer, integer, jsonb) is 'That a message of an approval was not sent, and why, in words.';
