-- Events that started nothing are kept for explain for some days only. Each call looks at what has come of age since the last one;
-- where that was is kept as a setting.
create or replace function pgwhen._prune_events(p_now timestamptz) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_until timestamptz := p_now - pgwhen._setting('unstarted_event_days', 7) * interval '1 day';
  v_from timestamptz := coalesce((select (s.value #>> '{}')::timestamptz from pgwhen.settings s where s.name = 'events_pruned_until'), '1970-01-01Z');
  v_count integer;
begin
  if v_until <= v_from then
    return 0;
  end if;
  delete from pgwhen.events e
  where e.event_id >= pgwhen._id_from(v_from) and e.event_id < pgwhen._id_from(v_until)
    and e.start_count = 0 and e.status = 'dispatched';
  get diagnostics v_count = row_count;
  insert into pgwhen.settings (name, value) values ('events_pruned_until', to_jsonb(v_until))
  on conflict (name) do update set value = excluded.value;
  return v_count;
end
$$;
comment on function pgwhen._prune_events(timestamptz) is 'Drops events that started nothing and are old enough; returns how many.';
