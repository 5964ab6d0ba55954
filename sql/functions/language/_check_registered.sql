-- What a step names has to be there when it is published: stored templates, endpoints, connections, actions.
create or replace function pgwhen._check_registered(p_step jsonb, p_tenant text, p_path text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_step ?| '{template,variables}' or p_step ->> 'type' = 'notification' then pgwhen._check_message_template(p_step, p_tenant, p_path) else '[]' end
    || case when p_step ? 'endpoint' then pgwhen._check_endpoint(p_step, p_tenant, p_path) else '[]' end
    || case when p_step ?| '{connection,connections}' then pgwhen._check_connection(p_step, p_tenant, p_path) else '[]' end
    || case when p_step ->> 'type' = 'action' then pgwhen._check_action(p_step, p_path) else '[]' end
$$;
comment on function pgwhen._check_registered(jsonb, text, text) is 'Problems with the names of registered things in a step.';
