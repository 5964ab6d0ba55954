create or replace function pgwhen.list_versions(p_workflow text)
returns table (version integer, state text, unfinished bigint, published_at timestamptz, published_by text)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_column
declare
  v_workflow constant pgwhen.workflows := pgwhen._workflow_named(p_workflow);
begin
  return query
    select null::integer, 'draft', 0::bigint, null::timestamptz, null::text where v_workflow.draft is not null
    union all
    (select v.version, case when v.version = v_workflow.active_version then v_workflow.status else 'replaced' end,
      (select count(*) from pgwhen.unfinished u where u.workflow_id = v.workflow_id and u.version = v.version), v.published_at, v.published_by
    from pgwhen.versions v
    where v.workflow_id = v_workflow.workflow_id and v.version > 0
    order by v.version desc);
end
$$;
comment on function pgwhen.list_versions(text) is 'Versions of a workflow, the newest first: state, executions that have not ended, when and by whom it was published. A draft has no number.';
