-- The pollers know the providers and what each needs; the command line asks them before it calls this.
create or replace function pgwhen.add_connection(p_name text, p_channel text, p_provider text, p_settings jsonb default '{}', p_secrets jsonb default '{}',
  p_default boolean default false) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_channels constant text[] := array(
    select distinct l.scope from pgwhen._language() l join pgwhen._language() t on t.scope = 'type' and t.key = l.scope where l.key = 'connection' order by 1);
  v_new pgwhen.connections;
  v_revision bigint;
begin
  if p_name is null or p_name !~ '^[a-z][a-z0-9_-]{0,39}$' then
    raise exception using errcode = 'WF400', message = format('%s cannot be the name of a connection', coalesce(left(quote_literal(p_name), 80), 'null')),
      hint = 'A name has up to 40 of a-z, 0-9, _ and -, the first of them a letter.';
  end if;
  if p_channel is null or p_channel <> all (v_channels) or coalesce(p_provider, '') !~ '^[a-z][a-z0-9_]{0,39}$' then
    raise exception using errcode = 'WF401', message = format('there are no connections of the provider %s for %s',
        coalesce(left(quote_literal(p_provider), 60), 'null'), coalesce(left(quote_literal(p_channel), 60), 'null')),
      detail = 'Channels with connections: ' || array_to_string(v_channels, ', '),
      hint = 'pgwhen connections providers lists the providers of each channel.';
  end if;
  v_revision := pgwhen._next_connections_revision();
  if exists (select from pgwhen.connections c where c.tenant = v_tenant and c.name = p_name and c.origin = 'defined') then
    raise exception using errcode = 'WF405', message = format('connection %s exists already', quote_literal(p_name)),
      hint = format('pgwhen connections set %1$s changes it, pgwhen connections remove %1$s takes it away.', p_name);
  end if;
  v_new.settings := '{}';
  v_new.secrets := '{}';
  v_new := pgwhen._change_connection(v_new, p_settings, p_secrets);
  if p_default then
    update pgwhen.connections c set is_default = false, revision = v_revision where c.tenant = v_tenant and c.channel = p_channel and c.is_default;
  end if;
  -- One of that name from a poller's environment stays what it was for people: paused if it was.
  insert into pgwhen.connections (tenant, name, channel, provider, origin, settings, secrets, is_default, rate_limit, rate_seconds, concurrency, revision, updated_at)
  values (v_tenant, p_name, p_channel, p_provider, 'defined', v_new.settings, v_new.secrets, coalesce(p_default, false), v_new.rate_limit, v_new.rate_seconds,
    v_new.concurrency, v_revision, pgwhen._now())
  on conflict (tenant, name) do update
  set channel = excluded.channel, provider = excluded.provider, origin = excluded.origin, settings = excluded.settings, secrets = excluded.secrets,
    is_default = excluded.is_default, rate_limit = coalesce(excluded.rate_limit, connections.rate_limit),
    rate_seconds = coalesce(excluded.rate_seconds, connections.rate_seconds), concurrency = coalesce(excluded.concurrency, connections.concurrency),
    revision = excluded.revision, updated_at = excluded.updated_at;
  perform pgwhen._audit('add_connection', array[p_name], null,
    jsonb_build_object('channel', p_channel, 'provider', p_provider, 'settings', p_settings, 'secrets', p_secrets, 'default', coalesce(p_default, false)));
  return pgwhen.show_connection(p_name);
end
$$;
comment on function pgwhen.add_connection(text, text, text, jsonb, jsonb, boolean) is 'Defines a connection of the tenant: settings are texts by name; secrets are references by name, env:VARIABLE or file:/PATH.
rate (10 per second) and concurrency are settings of every connection. p_default makes it what steps of the channel leave by that name none. Returns what show_connection does.';
