-- Inlined; see _actor.
create or replace function pgwhen._event_head(p_attachment_id integer, p_operation text) returns jsonb
language sql stable
return case when pgwhen._cause() is null
  then jsonb_build_object('v', 1, 'attachment', p_attachment_id, 'operation', p_operation, 'actor', pgwhen._actor())
  else jsonb_build_object('v', 1, 'attachment', p_attachment_id, 'operation', p_operation, 'actor', pgwhen._actor(), 'cause', pgwhen._cause())
end;
comment on function pgwhen._event_head(integer, text) is 'What the events of one statement have in common, as a message of version 1.';
