-- A SQL/JSON path is not taken apart: it may read anything, so it asks for every root and all that is read for it.
create or replace function pgwhen._condition_paths(p_condition jsonb, p_nodes jsonb) returns jsonb
language sql immutable parallel safe
return coalesce(jsonb_path_query_array(p_condition, 'strict $.**.left'), '[]')
  || jsonb_path_query_array(p_condition, 'strict $.**.path ? (@.type() == "array")')
  || case when jsonb_path_exists(p_condition, 'strict $.**.path ? (@.type() == "string")') or jsonb_path_exists(p_condition, 'strict $.**.jsonpath')
    then jsonb_path_query_array(p_nodes, '$[*].path') else '[]' end;
comment on function pgwhen._condition_paths(jsonb, jsonb) is 'Context paths that a compiled condition reads.';
