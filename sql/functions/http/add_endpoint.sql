create or replace function pgwhen.add_endpoint(p_name text, p_url text, p_secret text) returns text
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_name is null or p_name !~ '^[a-z][a-z0-9_]{0,39}$' then
    raise exception using errcode = 'WF433', message = format('%s is not a name of an endpoint', coalesce(quote_literal(left(p_name, 100)), 'null')),
      hint = 'A name has up to 40 of a-z, 0-9 and _, the first of them a letter.';
  end if;
  perform pgwhen._check_endpoint_url(p_url);
  perform pgwhen._check_secret_reference(p_secret);
  insert into pgwhen.endpoints (tenant, name, url, secrets, created_at, updated_at)
  values (pgwhen._tenant(), p_name, p_url, jsonb_build_array(jsonb_build_object('reference', p_secret, 'added_at', pgwhen._now(), 'expires_at', null)),
    pgwhen._now(), pgwhen._now())
  on conflict do nothing;
  if not found then
    raise exception using errcode = 'WF434', message = format('endpoint %s is there already', p_name),
      detail = 'Address: ' || (select e.url from pgwhen.endpoints e where e.tenant = pgwhen._tenant() and e.name = p_name),
      hint = format('pgwhen endpoints move %s URL changes its address, pgwhen endpoints rotate its secret.', p_name);
  end if;
  perform pgwhen._audit('add_endpoint', array[p_name], null, jsonb_build_object('url', p_url));
  return 'added';
end
$$;
comment on function pgwhen.add_endpoint(text, text, text) is 'Registers a receiver of webhooks for webhook steps to name. Returns added.
p_url is http or https; p_secret says where pollers find its secret: env:VARIABLE or file:/path.';
