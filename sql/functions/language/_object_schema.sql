create or replace function pgwhen._object_schema(p_scopes text[]) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with key as (
    select distinct on (l.key) l.key, l.kind, l.required, l.description
    from pgwhen._language() l
    where l.scope = any (p_scopes) and l.supported
    order by l.key, array_position(p_scopes, l.scope) desc
  )
  select jsonb_build_object('type', 'object', 'additionalProperties', false,
      'properties', jsonb_object_agg(k.key, pgwhen._kind_schema(k.kind) || jsonb_build_object('description', k.description)))
    || coalesce((select jsonb_build_object('required', jsonb_agg(k.key order by k.key)) from key k
      where k.required having count(*) > 0), '{}')
  from key k
$$;
comment on function pgwhen._object_schema(text[]) is 'JSON Schema of an object of the language.';
