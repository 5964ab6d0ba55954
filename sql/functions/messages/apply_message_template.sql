-- A new version is in use at once. Workflows that are published stay right: what would leave one of their steps without a
-- variable, or without texts for its channel, is refused.
create or replace function pgwhen.apply_message_template(p_document jsonb, p_source text default null, p_dry_run boolean default false) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_message constant text := p_document ->> 'message';
  v_problems jsonb := pgwhen._check_message(p_document);
  v_newest pgwhen.message_templates;
  v_plan text;
  v_version integer;
begin
  if v_problems <> '[]' then
    raise exception using errcode = 'WF453',
      message = format('the message %s has %s', coalesce(v_message, '?'), case jsonb_array_length(v_problems) when 1
        then 'a problem: ' || (v_problems -> 0 ->> 'message') else jsonb_array_length(v_problems) || ' problems' end),
      detail = (select string_agg(format('%s: %s [%s]%s', coalesce(nullif(p.value ->> 'path', ''), 'message'), p.value ->> 'message', p.value ->> 'code',
        coalesce(' (' || (p.value ->> 'hint') || ')', '')), E'\n' order by p.value ->> 'path', p.value ->> 'message') from jsonb_array_elements(v_problems) p),
      hint = coalesce(case jsonb_array_length(v_problems) when 1 then v_problems -> 0 ->> 'hint' end, 'The detail names each place.');
  end if;
  perform pgwhen._lock_definitions();
  select t.* into v_newest from pgwhen.message_templates t where t.tenant = v_tenant and t.message = v_message order by t.version desc limit 1;
  v_plan := case when v_newest.version is null or v_newest.removed_at is not null then 'created'
    when v_newest.definition = p_document then 'unchanged' else 'changed' end;
  v_version := coalesce(v_newest.version, 0) + (v_plan <> 'unchanged')::integer;
  if v_plan <> 'unchanged' then
    insert into pgwhen.message_templates (tenant, message, version, definition, source, applied_at, applied_by)
    values (v_tenant, v_message, v_version, p_document, p_source, pgwhen._now(), session_user);
    select coalesce(jsonb_agg(p.value || jsonb_build_object('path', format('%s, %s', u.workflow, u.step_id))), '[]') into v_problems
    from pgwhen._template_users(v_tenant, v_message) u
    cross join lateral jsonb_array_elements(pgwhen._check_message_template(u.step, u.tenant, '')) p
    where p.value ->> 'severity' = 'error';
    if v_problems <> '[]' then
      raise exception using errcode = 'WF454', message = format('version %s of the message %s would break %s', v_version, v_message,
          case jsonb_array_length(v_problems) when 1 then 'a step' else 'steps' end),
        detail = (select string_agg(format('%s: %s', p.value ->> 'path', p.value ->> 'message'), E'\n') from jsonb_array_elements(v_problems) p),
        hint = 'Make a new variable required: false, or give the message another identifier.';
    end if;
    if p_dry_run then
      delete from pgwhen.message_templates t where t.tenant = v_tenant and t.message = v_message and t.version = v_version;
    else
      perform pgwhen._audit('apply_message_template', array[v_message], null, jsonb_build_object('plan', v_plan, 'version', v_version));
    end if;
  elsif p_source is distinct from v_newest.source and p_source is not null and not p_dry_run then
    update pgwhen.message_templates t set source = p_source where t.tenant = v_tenant and t.message = v_message and t.version = v_version;
  end if;
  return jsonb_build_object('message', v_message, 'plan', v_plan, 'version', v_version, 'dry_run', p_dry_run,
    'channels', (select jsonb_object_agg(c.key, (select jsonb_agg(l order by l) from jsonb_object_keys(c.value) l)) from jsonb_each(p_document -> 'channels') c));
end
$$;
comment on function pgwhen.apply_message_template(jsonb, text, boolean) is 'Stores a template of messages as a new version, unless the newest is the same, and returns {message, plan, version, channels}.
p_document: {message, name, description, category, variables, channels}. Errors: WF453 with all problems of the document, WF454 where published steps would break.';
