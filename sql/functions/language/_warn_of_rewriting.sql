-- What normalising changes without a word in definitions of older systems is said where people write the language itself.
create or replace function pgwhen._warn_of_rewriting(p_definition jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(p.value), '[]')
  from (
    select pgwhen._problem('WF006', r.path || '.id', format('the id %s becomes %s', pgwhen._quote(r.step -> 'id'),
      pgwhen._new_names(jsonb_build_array(r.step -> 'id')) ->> (r.step ->> 'id')),
        'an identifier has up to 40 of a-z, 0-9 and _, the first of them a letter', 'warning') as problems
    from (
      select * from pgwhen._step_rows(p_definition -> 'steps', 'steps') union all select *
        from pgwhen._step_rows(p_definition -> 'nodes', 'nodes')
    ) r
    where not pgwhen._is_seed_form(p_definition) and jsonb_typeof(r.step) = 'object'
      and jsonb_typeof(r.step -> 'id') in ('string', 'number')
      and r.step ->> 'id' !~ '^[a-z][a-z0-9_]{0,39}$' and r.step ->> 'id' <> ''
    union all
    select pgwhen._problem('WF006', 'workflow',
      format('the identifier %s becomes %s', pgwhen._quote(p_definition -> 'workflow'),
        pgwhen._identifier(p_definition ->> 'workflow', 'w')),
      'an identifier has up to 40 of a-z, 0-9 and _, the first of them a letter', 'warning')
    where jsonb_typeof(p_definition -> 'workflow') = 'string' and p_definition ->> 'workflow' !~ '^[a-z][a-z0-9_]{0,39}$'
      and p_definition ->> 'workflow' <> ''
    union all
    select pgwhen._problem('WF012', 'is_active', 'is_active: false is not kept: the workflow will be active', 'pgwhen pause '
      || pgwhen._identifier(
      coalesce(p_definition ->> 'workflow', p_definition ->> 'name', ''), 'w'), 'warning')
    where pgwhen._is_seed_form(p_definition) and p_definition -> 'is_active' = 'false'
  ) w
  cross join lateral jsonb_array_elements(w.problems) p
$$;
comment on function pgwhen._warn_of_rewriting(jsonb) is 'Warnings about what normalising a definition changes.';
