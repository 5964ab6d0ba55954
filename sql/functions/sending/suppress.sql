-- For operators, and for applications that have a page of their own where people opt out.
create or replace function pgwhen.suppress(p_channel text, p_address text, p_reason text default 'manual', p_category text default null,
  p_detail text default null) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_written boolean;
begin
  perform pgwhen._check_suppression(p_channel, p_address, p_reason, p_category);
  v_written := pgwhen._suppress(pgwhen._tenant(), p_channel, p_address, p_category, p_reason, coalesce(pgwhen._actor(), session_user), p_detail);
  if v_written then
    perform pgwhen._audit('suppress', array[p_channel || ':' || pgwhen._plain_address(p_channel, p_address)], p_detail,
      jsonb_strip_nulls(jsonb_build_object('reason', p_reason, 'category', nullif(p_category, ''))));
  end if;
  return v_written;
end
$$;
comment on function pgwhen.suppress(text, text, text, text, text) is 'Keeps messages of the tenant from an address; false where it was suppressed so already.
p_channel is email, sms, push or chat; p_reason opt_out, bounce, complaint, dead_token or manual; p_category one category of messages, null is all.
What is transactional goes on in spite of an opt_out, but for text messages to a number that refused them all (docs/delivery.md). Raises WF410 to WF412.';
