-- After each change of who may vote or what was voted: ends the approval once its outcome is certain, else asks whose turn it is now.
create or replace function pgwhen._conclude_approval(p_approval_id uuid, p_by text default null) returns text
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_outcome text := (select t.outcome from pgwhen._tally(p_approval_id) t);
begin
  if v_outcome is null then
    perform pgwhen._ask_approvers(array[p_approval_id]);
  else
    perform pgwhen._settle_approval(p_approval_id, v_outcome, p_by);
  end if;
  return v_outcome;
end
$$;
comment on function pgwhen._conclude_approval(uuid, text) is 'Ends an approval whose outcome is certain, else asks the next; returns the outcome.';
