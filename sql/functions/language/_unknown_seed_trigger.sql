create or replace function pgwhen._unknown_seed_trigger(p_type jsonb, p_path text) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._problem('WF014', p_path, format('%s is not the name of a trigger', pgwhen._quote(p_type)),
    coalesce('did you mean ' || pgwhen._nearest(p_type #>> '{}', pgwhen._seed_names()) || '?', 'there are '
      || array_to_string(pgwhen._seed_names(), ', ')))
$$;
comment on function pgwhen._unknown_seed_trigger(jsonb, text) is 'Problem with a trigger name of older systems that is none.';
