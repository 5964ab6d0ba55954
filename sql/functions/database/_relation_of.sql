create or replace function pgwhen._relation_of(p_table text) returns regclass
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name constant text[] := parse_ident(p_table);
  v_relation constant regclass := pgwhen._relation_named(v_name[1], v_name[2]);
begin
  if v_relation is null then
    raise exception using errcode = 'WF133', message = format('the table %s is gone', p_table),
      hint = 'Change the workflow and publish it again.';
  end if;
  return v_relation;
end
$$;
comment on function pgwhen._relation_of(text) is 'Table of a database step by its qualified name; raises WF133 when it is gone.';
