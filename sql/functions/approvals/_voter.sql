-- Who votes is decided by the database login, not by what a session says of itself: an operator for any approver, anybody else as the
-- login that they are. Who caused the event may not decide it, not through another's name either, unless they own the installation
-- and could do anything.
create or replace function pgwhen._voter(p_request pgwhen.approval_requests, p_by text) returns pgwhen.approvers
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_by text := coalesce(nullif(trim(p_by), ''), session_user);
  v_approver pgwhen.approvers;
begin
  select a.* into v_approver
  from pgwhen.approvers a
  where a.approval_id = p_request.approval_id and (a.approver = v_by or a.user_name = v_by or lower(a.approver) = lower(v_by))
  order by a.withdrawn_at is null desc, a.approver = v_by desc, a.user_name = v_by desc
  limit 1;
  if session_user is distinct from coalesce(v_approver.user_name, v_by) and not pg_has_role(session_user, 'pgwhen_operator', 'member') then
    raise exception using errcode = 'WF284', message = format('%s may not vote for %s', session_user, v_by),
      hint = 'Log in as a user who is an approver; members of pgwhen_operator vote on behalf of others.';
  elsif lower(v_by) = lower(p_request.requester) or lower(pgwhen._actor()) = lower(p_request.requester)
      and not pg_has_role(session_user, 'pgwhen_owner', 'member') then
    raise exception using errcode = 'WF285', message = format('%s caused the event and may not decide it', p_request.requester),
      hint = 'Somebody else has to; self: true in the step would allow it.';
  elsif v_approver.approver is null then
    raise exception using errcode = 'WF283', message = format('%s is not an approver', v_by),
      detail = 'The approvers are: ' || (
        select string_agg(a.approver, ', ' order by a.place, a.approver) from pgwhen.approvers a
        where a.approval_id = p_request.approval_id and a.withdrawn_at is null) || '.',
      hint = 'Name one of them with --by (p_by).';
  elsif v_approver.decision is not null then
    raise exception using errcode = 'WF286', message = format('%s has already %s at %s', v_approver.approver, v_approver.decision,
        pgwhen._when(v_approver.decided_at)),
      detail = case when v_approver.decided_by <> v_approver.approver then format('The vote was given by %s.', v_approver.decided_by) end,
      hint = 'A vote stands; cancel or retry the execution to ask again.';
  elsif v_approver.withdrawn_at is not null then
    raise exception using errcode = 'WF286', message = format('%s no longer decides: %s', v_approver.approver, v_approver.withdrawn_because),
      hint = format('pgwhen approvals show %s says who does.', p_request.approval_id);
  elsif v_approver.role_name is not null and v_approver.user_name not in (select pgwhen._role_members(v_approver.role_name)) then
    raise exception using errcode = 'WF284', message = format('%s is no longer a member of %s', v_approver.user_name, v_approver.role_name),
      hint = format('grant %I to %I, or ask another member.', v_approver.role_name, v_approver.user_name);
  end if;
  return v_approver;
end
$$;
comment on function pgwhen._voter(pgwhen.approval_requests, text) is 'The approver that the caller may vote for; refuses everything else.';
