-- Shared by retry and cancel: an empty list is a mistake of the caller's, not a success; a list without bound would hold
-- the locks of all of them at once.
create or replace function pgwhen._require_executions(p_execution_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if coalesce(cardinality(p_execution_ids), 0) = 0 then
    raise exception using errcode = 'WF150', message = 'no execution given',
      hint = 'Give ids of executions; pgwhen.list_executions() shows them.';
  end if;
  if cardinality(p_execution_ids) > 10000 then
    raise exception using errcode = 'WF151',
      message = format('%s executions are more than one call takes', cardinality(p_execution_ids)),
      detail = 'All of them would be locked until the end of the transaction; a call takes 10000.',
      hint = 'Call again with the rest, each call in a transaction of its own.';
  end if;
end
$$;
comment on function pgwhen._require_executions(uuid[]) is 'Refuses an empty list of executions, and one that is too long for one transaction.';
