-- Whoever has the link may use it: the token is the right. Nothing expires, as the law of many countries asks for.
create or replace function pgwhen.unsubscribe(p_token text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_grant record;
begin
  select * into v_grant from pgwhen._unsubscribe_token(p_token);
  return jsonb_build_object('address', pgwhen._masked_address(v_grant.address), 'category', v_grant.category, 'channel', v_grant.channel,
    'changed', pgwhen._suppress(v_grant.tenant, v_grant.channel, v_grant.address, v_grant.category, 'opt_out', 'unsubscribe', 'by the link in a message'));
end
$$;
comment on function pgwhen.unsubscribe(text) is 'Takes an address off a category of messages, by the token of the link in a message: for a POST, by a person or by a mail program (RFC 8058). Again, it changes nothing.
Returns {address (masked), category (null is all), channel, changed}. Raises WF466.';
