-- At publish, so that no execution finds out: the template is there, has texts for the channel, and gets what it needs.
create or replace function pgwhen._check_message_template(p_step jsonb, p_tenant text, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_key constant text := case p_step ->> 'type' when 'notification' then 'message' else 'template' end;
  v_given constant jsonb := coalesce(p_step -> 'variables', '{}');
  v_problems jsonb := '[]'::jsonb;
  v_template jsonb;
  v_names text[];
  v_name text;
begin
  if jsonb_typeof(p_step -> v_key) is distinct from 'string' then
    return case when p_step ? 'variables' then pgwhen._problem('WF014', p_path || '.variables', 'variables are for a stored template',
      'write the texts with paths of the context, or name a template') else '[]' end;
  elsif jsonb_typeof(v_given) <> 'object' then
    return pgwhen._problem('WF002', p_path || '.variables', format('%s is not an object of names and values', pgwhen._quote(v_given)));
  end if;
  v_template := pgwhen._template_sources(p_tenant, p_step ->> v_key);
  if v_template is null then
    v_names := array(select distinct t.message from pgwhen.message_templates t where t.tenant in (p_tenant, 'default') and t.removed_at is null);
    return pgwhen._problem('WF450', format('%s.%s', p_path, v_key), format('there is no stored template %s', pgwhen._quote(p_step -> v_key)),
      coalesce('did you mean ' || pgwhen._nearest(p_step ->> v_key, v_names) || '?',
        case v_names when '{}' then 'pgwhen messages apply FOLDER adds yours, pgwhen messages install those that come with pgwhen'
          else 'pgwhen messages lists them; pgwhen messages apply adds more' end));
  end if;
  for v_name in
    select c.channel from jsonb_array_elements_text(case when p_step ->> 'type' <> 'notification' then jsonb_build_array(p_step -> 'type')
      when jsonb_typeof(p_step -> 'channels') = 'array' then p_step -> 'channels' else '[]' end) c (channel)
    where not v_template -> 'channels' ? c.channel
  loop
    v_problems := v_problems || pgwhen._problem('WF451', format('%s.%s', p_path, v_key), format('the stored template %s has no texts for %s', p_step ->> v_key, v_name),
      'it has texts for ' || (select string_agg(k, ', ') from jsonb_object_keys(v_template -> 'channels') k));
  end loop;
  if v_template ->> 'category' is not null and not p_step ? 'category' and p_step ->> 'type' <> 'document' then
    v_problems := v_problems || pgwhen._problem('WF452', p_path || '.category', format('recipients of %s cannot opt out', p_step ->> v_key),
      format('category: %s, which the template is for, lets them', v_template ->> 'category'), 'warning');
  end if;
  v_names := array(select jsonb_object_keys(v_template -> 'variables'));
  for v_name in select k from jsonb_object_keys(v_given) k where k <> all (v_names) loop
    v_problems := v_problems || pgwhen._problem('WF452', format('%s.variables.%s', p_path, v_name),
      format('the stored template %s has no variable %s', p_step ->> v_key, v_name),
      coalesce('did you mean ' || pgwhen._nearest(v_name, v_names) || '?', 'it has ' || coalesce(nullif(array_to_string(v_names, ', '), ''), 'none')));
  end loop;
  for v_name in
    select d.key from jsonb_each(v_template -> 'variables') d
    where coalesce(d.value -> 'required', 'true') = 'true' and coalesce(v_given -> d.key, 'null') = 'null'
    order by d.key
  loop
    v_problems := v_problems || pgwhen._problem('WF452', p_path || '.variables', format('the stored template %s needs the variable %s', p_step ->> v_key, v_name),
      v_template -> 'variables' -> v_name ->> 'description');
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_message_template(jsonb, text, text) is 'Problems with the stored template that a step names, and with the variables that it gives.';
