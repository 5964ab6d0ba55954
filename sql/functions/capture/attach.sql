-- Runs with the rights of its caller, since only the owner can make triggers; the few statements that need that come from
-- _register_attachment. CREATE TRIGGER waits for the transactions that write to the table, and all other writers behind it:
-- after five seconds it gives way to the application.
create or replace function pgwhen.attach(
  p_table regclass,
  p_alias text default null,
  p_exclude text[] default null,
  p_doorbell boolean default null,
  p_tenant text default null
) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_result jsonb;
  v_text text;
begin
  v_result := pgwhen._register_attachment(p_table, p_alias, p_exclude, p_doorbell, p_tenant);
  for v_text in select jsonb_array_elements_text(v_result -> 'statements') loop
    -- Dynamic: names of tables.
    execute v_text;
  end loop;
  for v_text in select jsonb_array_elements_text(v_result -> 'notices') loop
    raise notice '%', v_text;
  end loop;
  return v_result;
exception
  when lock_not_available then
    raise exception using errcode = 'WF313', message = format('%s was in use for five seconds; nothing was attached', p_table),
      detail = 'Attaching needs a moment in which no transaction has unfinished writes to the table.',
      hint = 'Try again; pg_stat_activity shows long transactions.';
end
$$;
comment on function pgwhen.attach(regclass, text, text[], boolean, text) is 'Captures the changes of a table from now on. Run by its owner, who is a member of pgwhen_author.
p_alias is the name of a record in workflows (default: the singular of the table), p_exclude the columns that never enter an event (default: those named like passwords, tokens and secrets), p_doorbell false where two-phase commit is used. Repeat it to change these, after the primary key changed, or to cover new partitions; what is left out stays as it is.
Returns {attachment, table, alias, tenant, key, excluded, doorbell, tables, statements, notices}.';
