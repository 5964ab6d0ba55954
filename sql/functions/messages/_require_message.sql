create or replace function pgwhen._require_message(p_message text, p_version integer default null) returns pgwhen.message_templates
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_found pgwhen.message_templates;
begin
  select t.* into v_found
  from pgwhen.message_templates t
  where t.tenant in (v_tenant, 'default') and t.message = p_message and t.removed_at is null and (p_version is null or t.version = p_version)
  order by t.tenant = v_tenant desc, t.version desc
  limit 1;
  if v_found.message is null then
    raise exception using errcode = 'WF455', message = format('there is no stored template %s%s', coalesce(p_message, 'null'), ', version ' || p_version),
      hint = coalesce('Did you mean ' || pgwhen._nearest(p_message, array(
        select distinct t.message from pgwhen.message_templates t where t.tenant in (v_tenant, 'default') and t.removed_at is null and t.message <> p_message)) || '?',
        'pgwhen messages lists them.');
  end if;
  return v_found;
end
$$;
comment on function pgwhen._require_message(text, integer) is 'A stored template that the tenant can name, or WF455.';
