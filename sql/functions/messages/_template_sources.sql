-- The tenant's own template goes before the house's. A poller asks for one channel, so that a batch stays small.
create or replace function pgwhen._template_sources(p_tenant text, p_template text, p_channel text default null) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('message', t.message, 'version', t.version, 'category', t.definition -> 'category', 'variables', coalesce(t.definition -> 'variables', '{}'),
    'channels', case when p_channel is null then t.definition -> 'channels'
      else jsonb_build_object(p_channel, t.definition -> 'channels' -> p_channel) end)
  from pgwhen.message_templates t
  where t.tenant in (p_tenant, 'default') and t.message = p_template and t.removed_at is null
  order by t.tenant = p_tenant desc, t.version desc
  limit 1
$$;
comment on function pgwhen._template_sources(text, text, text) is 'A stored template in its newest version: {message, version, category, variables, channels: {channel: {locale: texts}}}; null where there is none.
With p_channel only the texts of that channel.';
