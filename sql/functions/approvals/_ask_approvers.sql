-- Everybody at once, or in sequence the next one when nobody who was asked has still to answer.
create or replace function pgwhen._ask_approvers(p_approval_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_ids uuid[];
  v_approvers text[];
begin
  with next as (
    select a.approval_id, a.approver, r.in_sequence,
      row_number() over (partition by a.approval_id order by a.place, a.approver) as turn
    from unnest(p_approval_ids) i (approval_id)
    join pgwhen.approval_requests r on r.approval_id = i.approval_id
    join pgwhen.approvers a on a.approval_id = i.approval_id
    where a.asked_at is null and a.withdrawn_at is null
      and not (r.in_sequence and exists (
        select from pgwhen.approvers o
        where o.approval_id = i.approval_id and o.asked_at is not null and o.decision is null and o.withdrawn_at is null))
  ), asked as (
    update pgwhen.approvers a
    set asked_at = pgwhen._now()
    from next n
    where a.approval_id = n.approval_id and a.approver = n.approver and (n.turn = 1 or not n.in_sequence)
    returning a.approval_id, a.approver
  )
  select array_agg(a.approval_id), array_agg(a.approver) into v_ids, v_approvers from asked a;
  perform pgwhen._send_approval_messages(v_ids, v_approvers, 'request');
end
$$;
comment on function pgwhen._ask_approvers(uuid[]) is 'Asks the approvers whose turn it is, and sends them the request.';
