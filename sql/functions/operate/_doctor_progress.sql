-- Due, and nobody takes it. A minute is long for a poller that lives and short for a person.
create or replace function pgwhen._doctor_progress() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with clock as materialized (
    select pgwhen._now() as now
  ), oldest (what, due_at) as (
    select 'event', (select min(q.vt) from pgmq.q_pgwhen_events q)
    union all
    select 'action', (select min(q.vt) from pgmq.q_pgwhen_actions q where q.read_ct = 0)
    union all
    select 'action waiting for admission', (select min(r.queued_at) from pgwhen.ready r)
    union all
    select 'sleeper', (select min(s.due_at) from pgwhen.sleepers s)
  ), lease as materialized (
    select count(*) as count, min(q.vt) as since
    from pgmq.q_pgwhen_actions q, clock c
    where q.read_ct > 0 and q.vt < c.now - interval '1 minute'
  )
  select 'oldest ' || o.what,
    case when o.due_at < c.now - interval '15 minutes' then 'error' when o.due_at < c.now - interval '1 minute' then 'warning' else 'ok' end,
    case when o.due_at < c.now then format('due since %s', date_trunc('second', c.now - o.due_at)) when o.due_at is null then 'none' else 'none is due' end,
    case when o.due_at < c.now - interval '1 minute' then 'Is a poller running? pgwhen poll, or pgwhen poll --once' end
  from oldest o, clock c
  union all
  select 'leases', case when l.count > 0 then 'warning' else 'ok' end,
    case when l.count > 0 then format('%s ran out and nobody has taken the work, the first %s ago', l.count, date_trunc('second', c.now - l.since)) else 'none is stuck' end,
    case when l.count > 0 then 'The next claim of any poller frees them: pgwhen poll --once' end
  from lease l, clock c
$$;
comment on function pgwhen._doctor_progress() is 'doctor: what is due and not done.';
