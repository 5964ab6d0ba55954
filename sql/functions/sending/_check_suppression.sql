create or replace function pgwhen._check_suppression(p_channel text, p_address text, p_reason text, p_category text) returns void
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if coalesce(p_channel not in ('email', 'sms', 'push', 'chat'), true) then
    raise exception using errcode = 'WF410', message = format('%s is not a channel with recipients', coalesce(quote_literal(left(p_channel, 100)), 'null')),
      hint = 'Channels are email, sms, push and chat.';
  elsif pgwhen._plain_address(p_channel, p_address) is null or length(p_address) > 4096 then
    raise exception using errcode = 'WF411',
      message = format('%s is not an address of the channel %s', coalesce(quote_literal(left(p_address, 100)), 'null'), p_channel),
      hint = 'E-mail addresses are like a@example.com, telephone numbers like +31612345678.';
  elsif coalesce(p_reason not in ('opt_out', 'bounce', 'complaint', 'dead_token', 'manual'), true) then
    raise exception using errcode = 'WF412', message = format('%s is not a reason to suppress an address', coalesce(quote_literal(left(p_reason, 100)), 'null')),
      hint = 'Reasons are opt_out, bounce, complaint, dead_token and manual.';
  elsif nullif(p_category, '') !~ '^[a-z][a-z0-9_]{0,39}$' then
    raise exception using errcode = 'WF412', message = format('%s is not a category', quote_literal(left(p_category, 100))),
      hint = 'A category is an identifier, like marketing, as steps give it in category; null is all of them.';
  elsif p_category = 'transactional' then
    raise exception using errcode = 'WF412', message = 'transactional messages cannot be refused by category',
      hint = 'Leave the category out: a bounce, a complaint and manual stop every message to the address.';
  end if;
end
$$;
comment on function pgwhen._check_suppression(text, text, text, text) is 'Refuses a channel, address, reason or category that cannot be: WF410, WF411, WF412.';
