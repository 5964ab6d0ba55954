-- The chain of -> is several times faster than #>, which is only needed where an element is a position in a list. Inlined
-- into its callers, hence no subquery.
create or replace function pgwhen._at(p_context jsonb, p_path jsonb) returns jsonb
language sql immutable parallel safe
return nullif(
  case jsonb_array_length(p_path)
    when 1 then p_context -> (p_path ->> 0)
    when 2 then coalesce(p_context -> (p_path ->> 0) -> (p_path ->> 1), p_context #> array[p_path ->> 0, p_path ->> 1])
    when 3 then coalesce(p_context -> (p_path ->> 0) -> (p_path ->> 1) -> (p_path ->> 2),
      p_context #> array[p_path ->> 0, p_path ->> 1, p_path ->> 2])
    else p_context #> pgwhen._names(p_path)
  end,
  'null');
comment on function pgwhen._at(jsonb, jsonb) is 'What stands at a path (a JSON array of names) of a context; null for missing and for JSON null.';
