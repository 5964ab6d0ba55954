-- The context is built here, after the claim: what an earlier step of the execution wrote is seen.
create or replace function pgwhen._perform_database_step(p_ref pgwhen.step_ref, p_type text, p_spec jsonb, p_tenant text,
  p_search_path text) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_context jsonb;
begin
  select c.context into v_context from pgwhen._build_contexts(array[p_ref], 'engine') c;
  case p_type
    when 'query' then
      return pgwhen._query_rows(p_spec, v_context, p_search_path);
    when 'create' then
      return pgwhen._create_rows(p_spec, v_context, p_search_path);
    when 'update', 'delete' then
      return pgwhen._change_rows(p_type, p_spec, v_context, p_search_path);
    when 'call' then
      return pgwhen._call_function(p_spec, v_context, p_tenant, p_search_path);
    else
      raise exception using errcode = 'WF140', message = format('step %s has the type %s, which this engine does not know', p_ref.step_id, p_type),
        hint = 'Run pgwhen migrate with the version of pgwhen that published the workflow.';
  end case;
end
$$;
comment on function pgwhen._perform_database_step(pgwhen.step_ref, text, jsonb, text, text) is 'Runs the statement of a database step; returns the step''s output.';
