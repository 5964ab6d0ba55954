-- One statement, one snapshot: the number belongs to the rows.
create or replace function pgwhen._defined_connections() returns json
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select json_build_object('revision', (select r.revision from pgwhen.connection_revisions r),
    'connections', (
      select coalesce(json_agg(json_build_object('tenant', c.tenant, 'name', c.name, 'channel', c.channel, 'provider', c.provider,
        'settings', c.settings, 'secrets', c.secrets, 'is_default', c.is_default) order by c.tenant, c.name), '[]')
      from pgwhen.connections c where c.origin = 'defined'))
$$;
comment on function pgwhen._defined_connections() is 'What a poller learns of the defined connections of all tenants: {revision, connections}. References of secrets, never values.';
