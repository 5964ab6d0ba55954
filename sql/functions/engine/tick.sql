-- The settings of this and the other entry points make every plan below them the same for ever: joins in the order written,
-- nested loops through primary keys, planned once. A plan chosen by statistics while the tables were small would scan them
-- when they have grown, until the next analyze; measured, the first batches after a truncate took ten times as long.
create or replace function pgwhen.tick(p_max integer default 500) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set join_collapse_limit = 1
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_material = off
as $$
begin
  if p_max is null or p_max < 1 then
    raise exception using errcode = 'WF142', message = format('tick takes a number from 1, not %s', coalesce(p_max::text, 'null')),
      hint = 'Say how many events and sleepers it may take at once, for example tick(500).';
  end if;
  return pgwhen._tick(p_max) || jsonb_build_object('next_due', pgwhen._next_due());
end
$$;
comment on function pgwhen.tick(integer) is 'Dispatches up to p_max events, wakes up to p_max sleepers, goes on with what was left to it, admits waiting actions.
Returns {single_flight, dispatched, woken, handed, admitted, next_due}: single_flight is false if another session is at it, next_due is when
the next sleeper, lease or message is due, or null. Safe from any number of callers: pollers, pg_cron, psql.';
