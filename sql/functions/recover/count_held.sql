-- What a release or discard by the same filter would concern.
create or replace function pgwhen.count_held(p_filter jsonb default '{}') returns integer
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select cardinality(pgwhen._find_held(p_filter))
$$;
comment on function pgwhen.count_held(jsonb) is 'How many held actions a filter selects: {workflow, step, cause, since, until}.';
