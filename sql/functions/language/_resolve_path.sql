-- What a path of a condition, value or template means. p_scope says what there is: records (alias -> attachment, relation, ...),
-- vars, inputs, steps, tenant, loose (a table is not known, so that unknown roots may be right).
--
-- Result: path, type, nodes, reads (paths in the context that have to be there), step (a step that it depends on), or problem.
create or replace function pgwhen._resolve_path(p_path text[], p_scope jsonb, p_in_template boolean default false) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_root constant text := p_path[1];
  v_result jsonb;
begin
  if p_scope -> 'locals' ? v_root then
    -- The item of a form ($map, $filter, ...): whatever the list holds.
    v_result := '{"type": null}'::jsonb;
  elsif p_scope -> 'records' ? v_root then
    v_result := pgwhen._resolve_record_path(p_scope -> 'records' -> v_root, p_path, p_in_template);
    if p_scope -> 'records' -> v_root -> 'is_deleted' = 'true' and v_result ? 'path' then
      v_result := v_result || jsonb_build_object('reads', jsonb_build_array(v_result -> 'path', '["old"]'::jsonb));
    end if;
  elsif v_root in ('new', 'old') then
    v_result := pgwhen._resolve_row_path(p_path, p_scope, p_in_template);
  elsif v_root = 'execution' and p_scope ->> 'place' in ('when', 'suppress_if') then
    v_result := jsonb_build_object('problem',
      jsonb_build_object('code', 'WF017', 'message', 'there is no execution before the workflow starts'));
  elsif v_root in ('event', 'workflow', 'execution') then
    v_result := pgwhen._resolve_fixed_path(p_path);
  elsif v_root in ('now', 'changed') then
    v_result := case when cardinality(p_path) > 1 and (v_root = 'now' or p_path[2] !~ '^\d+$')
      then jsonb_build_object('problem', jsonb_build_object('code', 'WF017', 'message', v_root || ' has no parts'))
      else jsonb_build_object('type', case v_root when 'now' then 'timestamptz' else 'array' end) end;
  elsif v_root = 'vars' then
    v_result := pgwhen._resolve_constant_path(p_path, p_scope -> 'vars');
  elsif v_root = 'tenant' then
    v_result := pgwhen._resolve_tenant_path(p_path, p_scope);
  elsif v_root = 'input' then
    v_result := pgwhen._resolve_input_path(p_path, p_scope);
  elsif v_root = 'steps' then
    v_result := pgwhen._resolve_step_path(p_path, p_scope);
  elsif v_root = 'approval' and p_scope ? 'approval' then
    v_result := pgwhen._resolve_approval_path(p_path);
  elsif v_root = 'notification' and p_scope ? 'notification' then
    v_result := pgwhen._resolve_notification_path(p_path);
  elsif v_root = 'unsubscribe_url' and p_scope ? 'unsubscribe' then
    -- It comes with the message. Without an address for the links there is none, so a template asks: {% if unsubscribe_url %}.
    v_result := case when cardinality(p_path) = 1 then '{"type": "text", "reads": []}'
      else '{"problem": {"code": "WF017", "message": "unsubscribe_url has no parts"}}' end::jsonb;
  elsif p_scope -> 'items' ? v_root then
    v_result := pgwhen._resolve_item_path(p_scope -> 'items' -> v_root, p_path, p_in_template);
  elsif v_root = 'index' and p_scope ? 'items' then
    v_result := case when cardinality(p_path) > 1
      then jsonb_build_object('problem', jsonb_build_object('code', 'WF017', 'message', 'index has no parts'))
      else '{"type": "numeric"}'::jsonb end;
  elsif v_root in ('item', 'index') then
    v_result := jsonb_build_object('problem',
      jsonb_build_object('code', 'WF040', 'message', v_root || ' is known within a loop only', 'hint', 'use it in a step of the loop''s steps'));
  else
    v_result := pgwhen._resolve_other_root(p_path, p_scope, p_in_template);
  end if;
  if v_result ? 'problem' then
    return v_result;
  end if;
  v_result := jsonb_build_object('path', to_jsonb(p_path), 'nodes', '[]'::jsonb) || v_result;
  return jsonb_build_object('reads', jsonb_build_array(v_result -> 'path')) || v_result;
end
$$;
comment on function pgwhen._resolve_path(text[], jsonb, boolean) is 'What a path means: its place in the context, type, and what has to be read.';
