-- What came before the oldest unfinished execution began can end no wait; what waited for a version that is gone needs no capture
-- any more.
create or replace function pgwhen._prune_waits(p_now timestamptz, p_cutoff timestamptz) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_oldest uuid := greatest(pgwhen._id_from(p_cutoff), (
    select (left(u.execution_id::text, 13) || '-0000-0000-000000000000')::uuid
    from (
      select u.execution_id from pgwhen.unfinished u
      union all
      select pgwhen._id_from(p_now - interval '1 day')
      order by 1
      limit 1) u));
begin
  delete from pgwhen.watched_events e where e.event_id < v_oldest;
  delete from pgwhen.taken_events k
  where k.event_id < pgwhen._id_from(p_cutoff) and not exists (select from pgwhen.unfinished u where u.execution_id = k.execution_id);
  delete from pgwhen.arrivals a
  where not exists (select from pgwhen.unfinished u where u.execution_id = a.execution_id);
  if exists (
      select from pgwhen.watches w
      join pgwhen.workflows f on f.workflow_id = w.workflow_id
      where (f.status = 'archived' or f.active_version is distinct from w.version)
        and not exists (select from pgwhen.unfinished u where u.workflow_id = w.workflow_id and u.version = w.version)) then
    perform pgwhen._refresh_subscriptions();
  end if;
end
$$;
comment on function pgwhen._prune_waits(timestamptz, timestamptz) is 'Forgets events that no wait can take any more.';
