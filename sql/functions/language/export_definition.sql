-- The definition as it is published (a draft that waits goes before), with the text that it was written as, while there is one,
-- and the order in which keys are written.
create or replace function pgwhen.export_definition(p_workflow text) returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_result jsonb;
begin
  select jsonb_build_object('workflow', w.workflow, 'status', w.status, 'version', w.active_version, 'is_draft',
    w.draft is not null,
    'definition', coalesce(w.draft, v.definition), 'source', case when w.draft is not null then w.draft_source else v.source end,
    'key_order', jsonb_build_object(
      'top', (select jsonb_agg(l.key order by l.place) from pgwhen._language() l where l.scope = 'workflow'),
      'trigger', (select jsonb_agg(l.key order by l.place) from pgwhen._language() l where l.scope = 'trigger'),
      'inside', (select jsonb_agg(k.key order by k.place) from (
        -- Small objects share names with steps, whose order counts.
        select l.key, coalesce(max(l.place) filter (where l.scope not in ('retry', 'input', 'part', 'edge', 'test', 'given')),
          max(l.place)) as place
        from pgwhen._language() l
        where l.scope not in ('workflow', 'type')
        group by l.key) k)))
  into v_result
  from pgwhen.workflows w
  left join pgwhen.versions v on v.workflow_id = w.workflow_id and v.version = w.active_version
  where w.tenant = v_tenant and w.workflow = p_workflow;
  if v_result is null then
    raise exception using errcode = 'WF200', message = format('workflow %s does not exist', coalesce(p_workflow, 'null')),
      hint = coalesce('Did you mean '
        || pgwhen._nearest(p_workflow, array(select w.workflow from pgwhen.workflows w where w.tenant = v_tenant)) || '?',
          'pgwhen workflows lists them.');
  end if;
  return v_result;
end
$$;
comment on function pgwhen.export_definition(text) is 'Definition of a workflow, and its source text where there is one.';
