-- The keys of an object in which several scopes meet (step and its type); where both name a key the later scope counts.
create or replace function pgwhen._keys(p_scopes text[]) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_object_agg(l.key,
    jsonb_build_object('kind', l.kind, 'is_required', l.required, 'is_supported', l.supported, 'place', l.place)
    order by array_position(p_scopes, l.scope)), '{}')
  from pgwhen._language() l
  where l.scope = any (p_scopes)
$$;
comment on function pgwhen._keys(text[]) is 'Keys that an object may have: kind, is_required, is_supported, place.';
