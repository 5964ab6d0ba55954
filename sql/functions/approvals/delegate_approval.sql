-- The vote goes over, with its place in the sequence; the one who hands it on has none any more.
create or replace function pgwhen.delegate_approval(p_approval uuid, p_from text, p_to text, p_comment text default null) returns jsonb
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
  v_request pgwhen.approval_requests := pgwhen._lock_approval(p_approval);
  v_from pgwhen.approvers := pgwhen._voter(v_request, p_from);
  v_to text := nullif(trim(p_to), '');
  v_email text := case when v_to ~ '^[^@[:space:]<>]+@[^@[:space:]<>]+$' then lower(v_to) end;
begin
  v_to := coalesce(v_email, v_to);
  if v_to is null or length(v_to) > 254 then
    raise exception using errcode = 'WF292', message = 'nobody to delegate to', hint = 'Name an e-mail address or a database login.';
  elsif lower(v_to) = lower(v_request.requester) then
    raise exception using errcode = 'WF285', message = format('%s caused the event and may not decide it', v_request.requester),
      hint = 'Delegate to somebody else.';
  elsif exists (select from pgwhen.approvers a where a.approval_id = p_approval and (lower(a.approver) = lower(v_to) or a.user_name = v_to)) then
    raise exception using errcode = 'WF292', message = format('%s is or was an approver already', v_to), hint = 'Delegate to somebody else.';
  elsif v_email is null and not exists (select from pg_roles r where r.rolname = v_to and r.rolcanlogin) then
    raise exception using errcode = 'WF292', message = format('%s is neither an e-mail address nor a database login', quote_literal(v_to)),
      hint = 'Name an e-mail address or a database login.';
  end if;
  update pgwhen.approvers a
  set withdrawn_at = pgwhen._now(), withdrawn_because = format('delegated to %s', v_to), comment = nullif(trim(p_comment), '')
  where a.approval_id = p_approval and a.approver = v_from.approver;
  insert into pgwhen.approvers (approval_id, token, asked_at, place, approver, user_name, email)
  values (p_approval, gen_random_uuid(), case when v_from.asked_at is not null then pgwhen._now() end, v_from.place, v_to,
    case when v_email is null then v_to end, v_email);
  perform pgwhen._audit('delegate_approval', array[v_request.execution_id::text], nullif(trim(p_comment), ''),
    jsonb_build_object('approval', p_approval, 'step', v_request.step_id, 'from', v_from.approver, 'to', v_to));
  if v_from.asked_at is not null then
    perform pgwhen._send_approval_messages(array[p_approval], array[v_to], 'request');
  end if;
  -- What follows may be for a poller that sleeps.
  if pgwhen._poller_sleeps() then
    perform pg_notify('pgwhen_doorbell', '');
  end if;
  return pgwhen._approval_state(p_approval);
end
$$;
comment on function pgwhen.delegate_approval(uuid, text, text, text) is 'Hands the vote of an approver (p_from, the caller''s own login if null) on to somebody else, an e-mail address or a login, who is asked instead.
Returns the approval''s state as decide_approval does.';
