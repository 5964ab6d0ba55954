-- With the rights of its caller, as attach. The row of the attachment goes first and the triggers after it, in one
-- transaction: a writer in between still has its events.
create or replace function pgwhen.detach(p_table regclass) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_result jsonb;
  v_text text;
begin
  v_result := pgwhen._unregister_attachment(p_table);
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
    raise exception using errcode = 'WF313', message = format('%s was in use for five seconds; nothing was detached', p_table),
      detail = 'Detaching needs a moment in which no other transaction uses the table.',
      hint = 'Try again; pg_stat_activity shows long transactions.';
end
$$;
comment on function pgwhen.detach(regclass) is 'Ends the capture of a table''s changes. Run by its owner. Events that were captured, and executions, go on.
Says which active workflows named the table. Attached again, the table has its former identity.
Returns {attachment, table, workflows, statements, notices}.';
