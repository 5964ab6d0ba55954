create or replace function pgwhen.list_message_templates()
returns table (message text, name text, version integer, category text, channels jsonb, variables jsonb, steps bigint, shared boolean, applied_at timestamptz,
  applied_by text)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select t.message, t.definition ->> 'name', t.version, t.definition ->> 'category',
    (select jsonb_object_agg(c.key, (select jsonb_agg(l order by l) from jsonb_object_keys(c.value) l)) from jsonb_each(t.definition -> 'channels') c),
    coalesce(t.definition -> 'variables', '{}'),
    (select count(*) from pgwhen._template_users(t.tenant, t.message) u where u.tenant = pgwhen._tenant()),
    t.tenant <> pgwhen._tenant(), t.applied_at, t.applied_by
  from (
    select distinct on (m.message) m.*
    from pgwhen.message_templates m
    where m.tenant in (pgwhen._tenant(), 'default') and m.removed_at is null
    order by m.message, m.tenant = pgwhen._tenant() desc, m.version desc) t
  order by t.message
$$;
comment on function pgwhen.list_message_templates() is 'Stored templates that the tenant''s steps can name, each in its newest version; channels with their locales, and how many published steps use it.
shared: it belongs to the tenant default; one of the same name that the tenant applies takes its place.';
