-- The one equality that has to hold, of a type whose equal values have equal texts (_watch_key): by it an event finds the waits that
-- want it among thousands that do not. null where there is none.
create or replace function pgwhen._watch_equality(p_condition jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_strip_nulls(jsonb_build_object('column', t.value -> 'left' -> 1, 'type', t.value -> 'type', 'literal', t.value -> 'right' -> 'literal',
    'given', (t.value -> 'right' -> 'path' ->> 1)::integer))
  from jsonb_array_elements(case p_condition ->> 'op' when 'all' then p_condition -> 'of' else jsonb_build_array(p_condition) end)
    with ordinality t
  where t.value ->> 'op' = 'eq' and jsonb_array_length(t.value -> 'left') = 2
    and t.value ->> 'type' in ('text', 'bpchar', 'numeric', 'boolean', 'uuid', 'jsonb')
    and t.value -> 'right' <> '{"literal": null}' and t.value -> 'left' ->> 1 <> '*'
  -- A value of this execution says more than a constant.
  order by t.value -> 'right' ? 'literal', t.ordinality
  limit 1
$$;
comment on function pgwhen._watch_equality(jsonb) is 'Column of which a match wants one value, with that value: {column, type, literal or given}.';
