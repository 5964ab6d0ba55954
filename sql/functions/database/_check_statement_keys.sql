create or replace function pgwhen._check_statement_keys(p_step jsonb, p_path text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_step ? 'on_uncertain' then pgwhen._problem('WF012', p_path || '.on_uncertain',
      format('on_uncertain has no effect on a %s: what it did and its result are one commit, so nothing is ever uncertain', p_step ->> 'type')) else '[]' end
    || case when p_step ->> 'type' = 'create' and p_step ? 'set' = p_step ? 'rows' then pgwhen._problem('WF005', p_path,
      case when p_step ? 'set' then 'a create has either set or rows' else 'a create step needs set or rows' end) else '[]' end
    || case when p_step ->> 'type' = 'create' and p_step ? 'update' and not p_step ? 'on_conflict' then pgwhen._problem('WF014', p_path || '.update',
      'update goes with on_conflict', 'write on_conflict: [the columns of a unique index]') else '[]' end
    || case when p_step ->> 'type' = 'update' and p_step -> 'set' = '{}' then pgwhen._problem('WF005', p_path || '.set', 'set names no column') else '[]' end
$$;
comment on function pgwhen._check_statement_keys(jsonb, text) is 'Problems with keys of a database step that belong together.';
