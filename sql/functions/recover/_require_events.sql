-- As _require_executions.
create or replace function pgwhen._require_events(p_event_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if coalesce(cardinality(p_event_ids), 0) = 0 then
    raise exception using errcode = 'WF163', message = 'no event given',
      hint = 'Give ids of events; pgwhen.find_events() finds them.';
  end if;
  if cardinality(p_event_ids) > 10000 then
    raise exception using errcode = 'WF151',
      message = format('%s events are more than one call takes', cardinality(p_event_ids)),
      detail = 'All of them would be one transaction; a call takes 10000.',
      hint = 'Call again with the rest, each call in a transaction of its own.';
  end if;
end
$$;
comment on function pgwhen._require_events(uuid[]) is 'Refuses an empty list of events, and one that is too long for one transaction.';
