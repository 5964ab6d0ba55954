-- Tests name steps in the keys of steps and expect.
create or replace function pgwhen._normalise_test(p_test jsonb, p_names jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when jsonb_typeof(p_test) = 'object' then p_test || coalesce((
    select jsonb_object_agg(k.key, (
      select coalesce(jsonb_object_agg(coalesce(p_names ->> split_part(e.key, '.', 1), split_part(e.key, '.', 1))
        || coalesce(substring(e.key from '\..*$'), ''), e.value), '{}')
      from jsonb_each(k.value) e))
    from jsonb_each(p_test) k
    where k.key in ('steps', 'expect') and jsonb_typeof(k.value) = 'object'), '{}') else p_test end
$$;
comment on function pgwhen._normalise_test(jsonb, jsonb) is 'A test with the steps that it names renamed.';
