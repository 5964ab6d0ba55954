-- YAML reads outcome: true as a boolean, and a case may be a number.
create or replace function pgwhen._normalise_edge(p_edge jsonb, p_names jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when jsonb_typeof(p_edge) = 'object' then p_edge
    || case when p_names ? (p_edge ->> 'source') then jsonb_build_object('source', p_names -> (p_edge ->> 'source')) else '{}' end
    || case when p_names ? (p_edge ->> 'target') then jsonb_build_object('target', p_names -> (p_edge ->> 'target')) else '{}' end
    || case when jsonb_typeof(p_edge -> 'outcome') in ('boolean', 'number') then jsonb_build_object('outcome', p_edge ->> 'outcome')
      else '{}' end
    else p_edge end
$$;
comment on function pgwhen._normalise_edge(jsonb, jsonb) is 'An edge with its steps renamed and its outcome as text.';
