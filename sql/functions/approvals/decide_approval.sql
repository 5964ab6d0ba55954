-- The one way in for every vote: command line, SQL, links, user interfaces. The vote and what follows from it are one transaction.
-- The execution is locked first, as everywhere, and only then is the approval looked at: of two votes at the same moment, or a vote
-- and the end of its time, the second finds what the first has done.
create or replace function pgwhen.decide_approval(p_approval uuid, p_decision text, p_by text default null, p_comment text default null,
  p_form jsonb default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
set jit = off
set plan_cache_mode = force_generic_plan
set join_collapse_limit = 1
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_material = off
as $$
declare
  v_request pgwhen.approval_requests;
  v_approver pgwhen.approvers;
begin
  if p_decision is null or p_decision not in ('approved', 'rejected') then
    raise exception using errcode = 'WF281', message = format('a decision is approved or rejected, not %s', coalesce(quote_literal(left(p_decision, 40)), 'null')),
      hint = 'pgwhen approve ID, or pgwhen reject ID.';
  end if;
  v_request := pgwhen._lock_approval(p_approval);
  v_approver := pgwhen._voter(v_request, p_by);
  if v_request.in_sequence and v_approver.asked_at is null then
    raise exception using errcode = 'WF287', message = format('it is not the turn of %s yet', v_approver.approver),
      detail = 'It waits for ' || array_to_string((select t.waiting from pgwhen._tally(p_approval) t), ', ') || '.',
      hint = 'The approvers are asked in sequence; the next one once the former has answered.';
  end if;
  update pgwhen.approvers a
  set decision = p_decision, decided_at = pgwhen._now(), decided_by = coalesce(pgwhen._actor(), session_user), comment = nullif(trim(p_comment), ''),
    form = pgwhen._checked_form(v_request, p_decision, p_form)
  where a.approval_id = p_approval and a.approver = v_approver.approver;
  perform pgwhen._audit('decide_approval', array[v_request.execution_id::text], nullif(trim(p_comment), ''),
    jsonb_build_object('approval', p_approval, 'step', v_request.step_id, 'decision', p_decision, 'by', v_approver.approver));
  perform pgwhen._conclude_approval(p_approval, v_approver.approver);
  -- What follows may be for a poller that sleeps.
  if pgwhen._poller_sleeps() then
    perform pg_notify('pgwhen_doorbell', '');
  end if;
  return pgwhen._approval_state(p_approval);
end
$$;
comment on function pgwhen.decide_approval(uuid, text, text, text, jsonb) is 'Records the vote of an approver, approved or rejected, and goes on with the workflow once the outcome is certain.
p_by is the approver, the caller''s own login unless given; only operators vote for others. Returns {approval_id, state: open, approved or
rejected, wanted, approved, rejected, waiting}.';
