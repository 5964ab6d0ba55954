create or replace function pgwhen._refuse_operator(p_op text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  raise exception using errcode = 'WF132', message = format('this version of pgwhen does not know the operator %s', coalesce(p_op, 'null')),
    hint = 'Run pgwhen migrate with the version of pgwhen that published the workflow.';
end
$$;
comment on function pgwhen._refuse_operator(text) is 'Raises WF132: a compiled condition with an operator that this version does not know.';
