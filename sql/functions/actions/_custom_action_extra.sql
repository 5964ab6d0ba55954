-- What the context of a custom action says beside its key, and whether a poller that does not have the action leaves it to another.
create or replace function pgwhen._custom_action_extra(p_tenant text, p_workflow text, p_name text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('tenant', p_tenant, 'workflow', p_workflow, 'announced', pgwhen._is_announced(p_name))
$$;
comment on function pgwhen._custom_action_extra(text, text, text) is 'What a poller is told of a custom action at its claim: {tenant, workflow, announced}.';
