create or replace function pgwhen.preview_unsubscribe(p_token text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_grant record;
begin
  select * into v_grant from pgwhen._unsubscribe_token(p_token);
  return jsonb_build_object('address', pgwhen._masked_address(v_grant.address), 'category', v_grant.category, 'channel', v_grant.channel,
    'unsubscribed', exists (
      select from pgwhen.suppressions s
      where s.tenant = v_grant.tenant and s.channel = v_grant.channel and s.address = pgwhen._plain_address(v_grant.channel, v_grant.address)
        and s.reason = 'opt_out' and (s.category is null or s.category is not distinct from v_grant.category)));
end
$$;
comment on function pgwhen.preview_unsubscribe(text) is 'What the link in a message would do, for the page behind it: a GET must change nothing, because mail programs follow links.
Returns {address (masked), category, channel, unsubscribed: whether it is done already}. Raises WF466.';
