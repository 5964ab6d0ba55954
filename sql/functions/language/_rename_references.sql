-- All strings and keys of a document; called only where a step was renamed.
create or replace function pgwhen._rename_references(p_value jsonb, p_names jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  case jsonb_typeof(p_value)
    when 'string' then
      return to_jsonb(pgwhen._rename_in_text(p_value #>> '{}', p_names));
    when 'array' then
      return (select coalesce(jsonb_agg(pgwhen._rename_references(e.value, p_names) order by e.ordinality), '[]')
        from jsonb_array_elements(p_value) with ordinality e);
    when 'object' then
      return (select coalesce(jsonb_object_agg(
          case when e.key like 'steps.%' then pgwhen._rename_in_expression(e.key, p_names) else e.key end,
          pgwhen._rename_references(e.value, p_names)), '{}')
        from jsonb_each(p_value) e);
    else
      return p_value;
  end case;
end
$$;
comment on function pgwhen._rename_references(jsonb, jsonb) is 'A part of a definition with the steps that it refers to renamed.';
