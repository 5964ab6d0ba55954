create or replace function pgwhen.find_events(p_since timestamptz default null, p_until timestamptz default null, p_table text default null,
  p_workflow text default null, p_status text default null, p_after uuid default null, p_max integer default 1000)
returns table (event_id uuid)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_column
begin
  if p_max is null or p_max not between 1 and 10000 then
    raise exception using errcode = 'WF152', message = format('a page is 1 to 10000 events, not %s', coalesce(p_max::text, 'null')),
      hint = 'Leave p_max out for the default of 1000.';
  end if;
  return query
    select m.event_id
    from pgwhen._matching_events(greatest(p_since, pgwhen._id_time(p_after)), p_until, p_table, p_workflow, p_status) m (event_id)
    where p_after is null or m.event_id > p_after
    order by m.event_id
    limit p_max;
end
$$;
comment on function pgwhen.find_events(timestamptz, timestamptz, text, text, text, uuid, integer) is 'Events to replay: the first p_max after p_after, in order of time.
Those of a table, those that a trigger of a workflow names (and all manual starts), those that failed (p_status => ''failed''); replays and backfills are left out.';
