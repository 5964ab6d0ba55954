create or replace function pgwhen.diff_versions(p_workflow text, p_from text default 'active', p_to text default 'draft') returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_workflow constant pgwhen.workflows := pgwhen._workflow_named(p_workflow);
  v_from constant integer := pgwhen._version_number(v_workflow, p_from);
  v_to constant integer := pgwhen._version_number(v_workflow, p_to);
begin
  return jsonb_build_object('workflow', p_workflow, 'from', coalesce(v_from::text, 'draft'), 'to', coalesce(v_to::text, 'draft'),
    'changes', pgwhen._key_changes(pgwhen._version_definition(v_workflow, v_from), pgwhen._version_definition(v_workflow, v_to)));
end
$$;
comment on function pgwhen.diff_versions(text, text, text) is 'What differs between two versions, by step and key: {workflow, from, to, changes: [{step, key, change, was, is}]}.
A version is a number, active or draft.';
