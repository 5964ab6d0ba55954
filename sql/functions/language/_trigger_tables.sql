create or replace function pgwhen._trigger_tables(p_definition jsonb, p_tenant text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_object_agg((t.ordinality - 1)::text, pgwhen._find_table(t.value ->> 'table', p_tenant)
    || jsonb_build_object('operations', to_jsonb(pgwhen._trigger_operations(t.value)))), '{}')
  from jsonb_array_elements(case jsonb_typeof(p_definition -> 'when') when 'array' then p_definition -> 'when'
    else '[]' end) with ordinality t
  where jsonb_typeof(t.value) = 'object' and jsonb_typeof(t.value -> 'table') = 'string'
$$;
comment on function pgwhen._trigger_tables(jsonb, text) is 'Tables of a definition''s triggers, by the trigger''s position.';
