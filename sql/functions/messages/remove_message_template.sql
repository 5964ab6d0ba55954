-- Executions of older versions of a workflow may still name it: their step fails, and says so.
create or replace function pgwhen.remove_message_template(p_message text) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_users text;
begin
  perform pgwhen._lock_definitions();
  if (pgwhen._require_message(p_message)).tenant <> v_tenant then
    raise exception using errcode = 'WF456', message = format('the stored template %s belongs to the tenant default', p_message),
      hint = 'Apply one of the same name: it takes its place for your tenant.';
  end if;
  -- Where the house has one of that name, steps get that, if they can.
  update pgwhen.message_templates t set removed_at = pgwhen._now() where t.tenant = v_tenant and t.message = p_message and t.removed_at is null;
  select string_agg(distinct format('%s, %s: %s', u.workflow, u.step_id, p.value ->> 'message'), E'\n') into v_users
  from pgwhen._template_users(v_tenant, p_message) u
  cross join lateral jsonb_array_elements(pgwhen._check_message_template(u.step, u.tenant, '')) p
    where p.value ->> 'severity' = 'error';
  if v_users is not null then
    raise exception using errcode = 'WF456', message = format('the stored template %s is in use', p_message), detail = v_users,
      hint = 'Publish these workflows without it, or archive them.';
  end if;
  perform pgwhen._audit('remove_message_template', array[p_message], null);
  return jsonb_build_object('message', p_message);
end
$$;
comment on function pgwhen.remove_message_template(text) is 'Removes a stored template of the tenant, with all versions; refused while published workflows need it. What was frozen stays. Errors: WF455, WF456.';
