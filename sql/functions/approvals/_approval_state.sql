create or replace function pgwhen._approval_state(p_approval uuid) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('approval_id', r.approval_id, 'state', coalesce(r.outcome, 'open'), 'wanted', t.wanted, 'approved', t.approved,
    'rejected', t.rejected, 'waiting', case when r.closed_at is null then to_jsonb(t.waiting) else '[]' end)
  from pgwhen.approval_requests r
  cross join lateral pgwhen._tally(r.approval_id) t
  where r.approval_id = p_approval
$$;
comment on function pgwhen._approval_state(uuid) is 'How an approval stands: {approval_id, state, wanted, approved, rejected, waiting}.';
