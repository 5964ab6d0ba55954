-- Beside definition and context a poller needs what is registered for some types: the texts of a stored template, the address of
-- an endpoint, what makes an unsubscribe link, what a custom action is told. Only what the step names is looked up. A frozen action
-- has no definition.
create or replace function pgwhen._action_extra(p_tenant text, p_workflow text, p_type text, p_definition jsonb, p_frozen jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_definition ? 'template'
      then jsonb_build_object('template', pgwhen._template_sources(p_tenant, p_definition ->> 'template', p_type)) else '{}' end
    || case when p_definition ? 'category'
      then jsonb_build_object('unsubscribe', pgwhen._unsubscribe_grant(p_tenant, p_definition ->> 'category', p_type)) else '{}' end
    || case p_type
      when 'webhook' then jsonb_build_object('endpoint', pgwhen._endpoint(p_tenant, coalesce(p_definition, p_frozen) ->> 'endpoint'))
      when 'action' then pgwhen._custom_action_extra(p_tenant, p_workflow, coalesce(p_definition, p_frozen) ->> 'name')
      else '{}' end
$$;
comment on function pgwhen._action_extra(text, text, text, jsonb, jsonb) is 'What a poller needs of registered things to perform an action.';
