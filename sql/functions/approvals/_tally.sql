-- One rule for the outcome: approved as soon as enough have approved, rejected as soon as enough no longer can. Those who handed it
-- on or were replaced do not count; all and majority are of those who do, and where fewer have taken over than are needed, all.
create or replace function pgwhen._tally(p_approval_id uuid,
  out total integer, out wanted integer, out approved integer, out rejected integer, out waiting text[], out outcome text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select c.total, c.wanted, c.approved, c.rejected, c.waiting,
    case when c.approved >= c.wanted then 'approved' when c.total - c.rejected < c.wanted then 'rejected' end
  from (
    select v.total, v.approved, v.rejected, v.waiting,
      case r.need when 'all' then v.total when 'majority' then v.total / 2 + 1 else least(r.need::integer, v.total) end as wanted
    from pgwhen.approval_requests r
    cross join lateral (
      select count(*)::integer as total, (count(*) filter (where a.decision = 'approved'))::integer as approved,
        (count(*) filter (where a.decision = 'rejected'))::integer as rejected,
        coalesce(array_agg(a.approver order by a.place, a.approver)
          filter (where a.decision is null and a.asked_at is not null), '{}') as waiting
      from pgwhen.approvers a
      where a.approval_id = r.approval_id and a.withdrawn_at is null) v
    where r.approval_id = p_approval_id
  ) c
$$;
comment on function pgwhen._tally(uuid) is 'How an approval stands: who counts, how many are wanted, the votes, whom it waits for, and the outcome once it is certain.';
