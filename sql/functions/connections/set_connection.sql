-- Messages that were frozen before leave with the new settings: the address of a provider and its credentials are read at each
-- attempt; the sender was frozen with the message.
create or replace function pgwhen.set_connection(p_name text, p_settings jsonb default '{}', p_secrets jsonb default '{}') returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_revision bigint;
  v_old pgwhen.connections;
  v_new pgwhen.connections;
begin
  perform pgwhen._require_connection(p_name);
  v_revision := pgwhen._next_connections_revision();
  select c.* into strict v_old from pgwhen.connections c where c.tenant = v_tenant and c.name = p_name for update;
  v_new := pgwhen._change_connection(v_old, p_settings, p_secrets);
  if v_old.origin = 'environment' and (v_new.settings, v_new.secrets) is distinct from (v_old.settings, v_old.secrets) then
    raise exception using errcode = 'WF407', message = format('connection %s comes from the environment of pollers, which have its settings', quote_literal(p_name)),
      hint = format('Change their variables; only rate and concurrency are set here. Or define one of that name: pgwhen connections add %s --provider %s ...', p_name, v_old.provider);
  end if;
  update pgwhen.connections c
  set settings = v_new.settings, secrets = v_new.secrets, rate_limit = v_new.rate_limit, rate_seconds = v_new.rate_seconds, concurrency = v_new.concurrency,
    revision = case c.origin when 'defined' then v_revision end, updated_at = pgwhen._now()
  where c.tenant = v_tenant and c.name = p_name;
  perform pgwhen._audit('set_connection', array[p_name], null, jsonb_build_object('settings', p_settings, 'secrets', p_secrets));
  return pgwhen.show_connection(p_name);
end
$$;
comment on function pgwhen.set_connection(text, jsonb, jsonb) is 'Changes settings and references of secrets of a connection; null removes one, what is not named stays.
Of one from the environment only rate and concurrency. Returns what show_connection does.';
