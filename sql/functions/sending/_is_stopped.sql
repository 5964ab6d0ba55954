-- Whom a message may reach no more. What the recipient asked for, or has to know (transactional, the default) is not what an unsubscribe
-- link refuses: it stops only at addresses that are dead, complained of or shut by hand, and at STOP, which networks take as a refusal of all.
create or replace function pgwhen._is_stopped(p_channel text, p_category text, p_reason text, p_refused text) returns boolean
language sql immutable parallel safe
return case
  when p_reason = 'opt_out' and coalesce(p_category, 'transactional') = 'transactional' then p_refused is null and p_channel = 'sms'
  else p_refused is null or p_refused = p_category end;
comment on function pgwhen._is_stopped(text, text, text, text) is 'Whether a suppression (its reason, and the category that it refuses) stops a message of a channel and category.';
