-- Open approvals, and among them those of which no message arrived and nobody may know.
create or replace function pgwhen._doctor_approvals() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with open as materialized (
    select r.approval_id, r.requested_at,
      not exists (
        select from pgwhen.approval_messages m
        join pgwhen.execution_steps s on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = m.part
        where m.approval_id = r.approval_id and s.status not in ('failed', 'cancelled')) as is_untold
    from pgwhen.approval_requests r
    where r.closed_at is null and r.tenant = pgwhen._tenant()
  ), summary as (
    select count(*) as count, min(o.requested_at) as since, count(*) filter (where o.is_untold) as untold from open o
  )
  select 'approvals', case when s.untold > 0 then 'warning' else 'ok' end,
    case when s.count = 0 then 'none is open'
      else format('%s %s open, the oldest since %s', s.count, case s.count when 1 then 'is' else 'are' end, pgwhen._when(s.since))
        || case when s.untold > 0 then format('; of %s nobody was told: no message arrived', s.untold) else '' end end,
    case when s.untold > 0 then 'pgwhen approvals lists them; pgwhen show EXECUTION says what became of the messages' end
  from summary s
$$;
comment on function pgwhen._doctor_approvals() is 'doctor: approvals that are open, and those that nobody was told of.';
