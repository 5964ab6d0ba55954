create or replace function pgwhen._check_callable(p_function oid, p_place text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(pgwhen._problem('WF053', p_place, g.message, g.line) -> 0), '[]')
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  cross join lateral (
    select format('the role pgwhen_actions may not use the schema %s', n.nspname) as message, format('grant usage on schema %I to pgwhen_actions', n.nspname) as line
    where not has_schema_privilege('pgwhen_actions', n.oid, 'usage')
    union all
    select format('the role pgwhen_actions may not call %s', p.oid::regprocedure),
      format('grant execute on function %s to pgwhen_actions', p.oid::regprocedure)
    where not has_function_privilege('pgwhen_actions', p.oid, 'execute')
  ) g
  where p.oid = p_function
$$;
comment on function pgwhen._check_callable(oid, text) is 'Problems with a function that pgwhen_actions may not call.';
