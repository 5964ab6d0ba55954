-- Variables of a tenant may come later than the workflow, hence a warning only.
create or replace function pgwhen._resolve_tenant_path(p_path text[], p_scope jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_variables jsonb;
begin
  if cardinality(p_path) = 1 then
    return '{"type": "jsonb"}'::jsonb;
  elsif p_path[2] = 'id' then
    return '{"type": "text"}'::jsonb;
  end if;
  select t.variables into v_variables from pgwhen.tenants t where t.tenant = p_scope ->> 'tenant';
  if v_variables ? p_path[2] then
    return jsonb_build_object('type', case when cardinality(p_path) = 2 then pgwhen._json_kind(v_variables -> p_path[2]) end);
  end if;
  return jsonb_build_object('type', null, 'warning', jsonb_build_object('code', 'WF017',
    'message', format('the tenant %s has no variable %s yet', p_scope ->> 'tenant', p_path[2]),
    'hint', coalesce('did you mean ' || p_path[1] || '.' || pgwhen._nearest(p_path[2], array(select jsonb_object_keys(v_variables))) || '?',
      format('update pgwhen.tenants set variables = variables || ''{"%s": ...}'' where tenant = %L', p_path[2],
        p_scope ->> 'tenant'))));
end
$$;
comment on function pgwhen._resolve_tenant_path(text[], jsonb) is 'What a path under tenant means.';
