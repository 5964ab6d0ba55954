-- What follows recurses over the document, so its depth is bounded before anything else looks at it.
create or replace function pgwhen._is_too_deep(p_definition jsonb) returns boolean
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return jsonb_path_exists(p_definition, 'strict $.**{64}');
exception
  when statement_too_complex then
    return true;
end
$$;
comment on function pgwhen._is_too_deep(jsonb) is 'Whether a document is nested more than 63 levels deep.';
