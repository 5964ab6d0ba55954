-- Read twice: once to know the execution, and again under its lock. Whoever comes too late is told who did what, and when.
create or replace function pgwhen._lock_approval(p_approval uuid) returns pgwhen.approval_requests
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_request pgwhen.approval_requests;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  perform from pgwhen.executions x
  where x.execution_id = (select r.execution_id from pgwhen.approval_requests r where r.approval_id = p_approval and r.tenant = pgwhen._tenant())
  for no key update;
  if not found then
    raise exception using errcode = 'WF280', message = format('approval %s does not exist', coalesce(p_approval::text, 'null')),
      hint = 'pgwhen approvals lists what is open.';
  end if;
  select r.* into v_request from pgwhen.approval_requests r where r.approval_id = p_approval;
  if v_request.closed_at is not null then
    raise exception using errcode = 'WF282',
      message = format('the approval is closed: %s%s at %s', replace(v_request.outcome, '_', ' '), coalesce(' by ' || v_request.closed_by, ''),
        pgwhen._when(v_request.closed_at)),
      hint = format('pgwhen approvals show %s tells what was decided.', p_approval);
  end if;
  if v_request.expires_at <= pgwhen._now() then
    raise exception using errcode = 'WF282', message = format('the approval is closed: its time was up at %s', pgwhen._when(v_request.expires_at)),
      hint = 'The next tick goes on with the workflow.';
  end if;
  return v_request;
end
$$;
comment on function pgwhen._lock_approval(uuid) is 'An open approval of the tenant, its execution locked; refuses a closed one.';
