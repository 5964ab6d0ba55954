-- Pollers of contract 1 know e-mails, text messages and requests as they were then. What they would perform wrongly, or fail, is a
-- message of version 2, which they do not claim.
create or replace function pgwhen._message_version(p_performed_by text, p_type text, p_definition jsonb) returns integer
language sql immutable parallel safe
return case when p_performed_by = 'database' or p_type not in ('email', 'sms', 'http', 'approval')
  or p_definition ?| array['template', 'markdown', 'attachments', 'auth', 'expect', 'multipart', 'redirects', 'category', 'locale']
  then 2 else 1 end;
comment on function pgwhen._message_version(text, text, jsonb) is 'Version of the queue''s message of an action: 1 where pollers of contract 1 can perform it, else 2.';
