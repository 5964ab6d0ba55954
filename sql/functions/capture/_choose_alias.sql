create or replace function pgwhen._choose_alias(p_table regclass, p_alias text) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_table text := (select c.relname from pg_class c where c.oid = p_table);
  v_alias text := coalesce(p_alias, pgwhen._singular(v_table));
begin
  if v_alias !~ '^[a-z_][a-z0-9_]{0,62}$' then
    raise exception using errcode = 'WF111', message = format('%s is no alias', quote_ident(left(v_alias, 100))),
      detail = 'In workflows a record goes by its alias: lower-case letters, digits and _, not beginning with a digit.',
      hint = format('Give one: select pgwhen.attach(%L, p_alias => ''record'');', p_table);
  end if;
  if v_alias in ('event', 'input', 'new', 'old', 'changed', 'vars', 'tenant', 'workflow', 'execution', 'now', 'steps', 'item', 'index') then
    raise exception using errcode = 'WF111', message = format('the alias %s means something else in workflows', v_alias),
      hint = format('Give another: select pgwhen.attach(%L, p_alias => %L);', p_table, v_alias || '_record');
  end if;
  return v_alias;
end
$$;
comment on function pgwhen._choose_alias(regclass, text) is 'Name of a record in workflows: the one given, else the singular of the table; raises WF111.';
