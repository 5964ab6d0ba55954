-- The address that is connected to is judged by the poller, each time; here only what can never work.
create or replace function pgwhen._check_endpoint_url(p_url text) returns void
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_url is null or length(p_url) > 2000 or p_url !~ '^https?://[^/?#@[:space:][:cntrl:]\\]+([/?][^#[:space:][:cntrl:]]*)?$' then
    raise exception using errcode = 'WF431',
      message = case when p_url ~ '^[a-z]+://[^/?#]*@' then 'the address of an endpoint holds no user name'
        else format('%s is not the address of an endpoint', coalesce(quote_literal(left(p_url, 200)), 'null')) end,
      hint = 'Write it like https://example.com/webhooks; receivers know the sender by the signature.';
  end if;
end
$$;
comment on function pgwhen._check_endpoint_url(text) is 'Refuses what is not an http or https address, or holds a user name or a fragment.';
