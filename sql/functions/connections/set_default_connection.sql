create or replace function pgwhen.set_default_connection(p_name text, p_default boolean default true) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_revision bigint;
  v_connection pgwhen.connections;
begin
  perform pgwhen._require_connection(p_name);
  v_revision := pgwhen._next_connections_revision();
  select c.* into strict v_connection from pgwhen.connections c where c.tenant = v_tenant and c.name = p_name;
  if v_connection.origin = 'environment' then
    raise exception using errcode = 'WF407', message = format('connection %s comes from the environment of pollers, which choose among theirs', quote_literal(p_name)),
      hint = format('Set PGWHEN_%s=%s there; or define one: pgwhen connections add NAME --provider %s --default', upper(v_connection.channel), p_name, v_connection.provider);
  end if;
  update pgwhen.connections c set is_default = false, revision = v_revision
  where c.tenant = v_tenant and c.channel = v_connection.channel and c.is_default and c.name <> p_name and p_default;
  update pgwhen.connections c set is_default = p_default, revision = v_revision, updated_at = pgwhen._now()
  where c.tenant = v_tenant and c.name = p_name and c.is_default <> p_default;
  if v_connection.is_default <> p_default then
    perform pgwhen._audit('set_default_connection', array[p_name], null, jsonb_build_object('channel', v_connection.channel, 'default', p_default));
  end if;
  return pgwhen.show_connection(p_name);
end
$$;
comment on function pgwhen.set_default_connection(text, boolean) is 'Makes a connection what the tenant''s steps of its channel leave by that name none; false ends that. One per channel. Returns what show_connection does.';
