-- The next version of a workflow whose row the caller has locked, so that numbers follow each other. What is captured, and what
-- an event may start, begins when this commits.
create or replace function pgwhen._publish(p_workflow_id integer, p_definition jsonb, p_source text,
  p_analysis jsonb) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_version integer;
begin
  select coalesce(max(v.version), 0) + 1 into v_version from pgwhen.versions v where v.workflow_id = p_workflow_id;
  insert into pgwhen.versions (workflow_id, version, definition, source, compiled, published_at)
  values (p_workflow_id, v_version, p_definition, p_source, '{}', v_now);
  -- Active before its keys are written: whoever counts subscriptions sees it whole.
  update pgwhen.workflows w
  set status = case w.status when 'draft' then 'active' else w.status end, name = coalesce(p_definition ->> 'name', w.workflow),
    active_version = v_version, draft = null, draft_source = null, updated_at = v_now
  where w.workflow_id = p_workflow_id;
  perform pgwhen._compile_definition(p_workflow_id, v_version, p_definition, p_analysis);
  if not exists (select from pgwhen.activations a where a.workflow_id = p_workflow_id) then
    insert into pgwhen.activations (workflow_id, from_at, status) values (p_workflow_id, v_now, 'active');
  end if;
  perform pgwhen._tell_change(p_workflow_id, 'published', v_version);
  return v_version;
end
$$;
comment on function pgwhen._publish(integer, jsonb, text, jsonb) is 'Makes a definition the version that new executions of a workflow get.';
