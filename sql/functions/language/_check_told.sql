-- A failure that nobody can be told of would go unnoticed, so the workflow has to be there before the one that names it.
create or replace function pgwhen._check_told(p_on_error jsonb, p_path text, p_tenant text, p_own text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name constant text := p_on_error ->> 'workflow';
  v_known text[];
  v_is_manual boolean;
begin
  if v_name is null or (select count(*) from jsonb_object_keys(p_on_error)) > 1 or v_name !~ '^[a-z][a-z0-9_]{0,39}$' then
    return '[]'::jsonb;
  elsif v_name = p_own then
    return pgwhen._problem('WF033', p_path || '.workflow', format('%s would be told of its own failures', v_name),
      'name a workflow that is made for failures');
  end if;
  select array_agg(w.workflow order by w.workflow),
    bool_or(exists (select from pgwhen.trigger_keys k where k.match_key = 'manual:' || w.workflow_id)) filter (where w.workflow = v_name)
  into v_known, v_is_manual
  from pgwhen.workflows w
  where w.tenant = p_tenant and w.status <> 'archived';
  if v_is_manual is null then
    return pgwhen._problem('WF033', p_path || '.workflow', format('there is no workflow %s', v_name),
      coalesce('did you mean ' || pgwhen._nearest(v_name, v_known) || '?', 'apply it first'));
  elsif not v_is_manual then
    return pgwhen._problem('WF033', p_path || '.workflow', format('the workflow %s has no manual trigger', v_name),
      'add {manual: true} to its when and publish it');
  end if;
  return '[]'::jsonb;
end
$$;
comment on function pgwhen._check_told(jsonb, text, text, text) is 'Problems with the workflow that on_error hands failures to.';
