-- A serverless poller is seen only now and then, so an absent one is a matter of how long.
create or replace function pgwhen._doctor_pollers() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with seen as materialized (
    select count(*) filter (where p.seen_at > c.now - interval '1 minute') as live, max(p.seen_at) as last, c.now,
      string_agg(p.poller_id, ', ' order by p.poller_id) filter (where not p.contract <@ pgwhen.contract()) as foreign_pollers
    from (select pgwhen._now() as now) c
    left join pgwhen.pollers p on true
    group by c.now
  )
  select 'pollers', case when s.live = 0 and coalesce(s.last < s.now - interval '10 minutes', true) then 'warning' else 'ok' end,
    case when s.live > 0 then format('%s at work', s.live) when s.last is null then 'none was seen in the last day'
      else format('none in the last minute; the last was seen %s ago', date_trunc('second', s.now - s.last)) end,
    case when s.live = 0 and coalesce(s.last < s.now - interval '10 minutes', true) then 'Start one: pgwhen poll; or call pgwhen poll --once from cron.' end
  from seen s
  union all
  select 'pollers', 'error', format('of a version that this database does not accept: %s', s.foreign_pollers), 'Upgrade them, or run pgwhen migrate.'
  from seen s
  where s.foreign_pollers is not null
  union all
  select 'pollers', 'error', 'actions wait that only pollers of contract 2 perform, and none was seen in the last ten minutes', 'Start or upgrade one.'
  from seen s
  where exists (select from pgmq.q_pgwhen_actions q where q.vt <= s.now and q.message @> '{"v": 2}')
    and not exists (select from pgwhen.pollers p where p.contract >= 2 and p.seen_at > s.now - interval '10 minutes')
$$;
comment on function pgwhen._doctor_pollers() is 'doctor: pollers seen lately.';
