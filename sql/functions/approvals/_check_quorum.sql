-- A request that cannot be approved by those who may decide it would only look like one.
create or replace function pgwhen._check_quorum(p_approval_ids uuid[]) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_short record;
begin
  select r.need, r.requester, a.count, a.names into v_short
  from unnest(p_approval_ids) i (approval_id)
  join pgwhen.approval_requests r on r.approval_id = i.approval_id
  cross join lateral (
    select count(*) as count, string_agg(v.approver, ', ' order by v.place, v.approver) as names
    from pgwhen.approvers v where v.approval_id = i.approval_id) a
  where a.count < case when r.need in ('all', 'majority') then 1 else r.need::integer end
  limit 1;
  if v_short.need is not null then
    raise exception using errcode = 'WF291', message = format('%s approvals are needed and %s can give one', v_short.need, v_short.count),
      detail = 'The approvers are: ' || coalesce(v_short.names, 'nobody')
        || coalesce(format('; %s caused the event and may not decide (self: false).', v_short.requester), '.'),
      hint = 'Name more approvers, lower need, or allow self: true.';
  end if;
end
$$;
comment on function pgwhen._check_quorum(uuid[]) is 'Refuses approvals that need more votes than there are approvers.';
