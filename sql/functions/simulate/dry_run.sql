-- All that it does is done in a block that ends with an error, so that nothing of it can stay, whoever calls it and whatever
-- follows: rows, locks, notifications and the clock go back. Only numbers that sequences have given out are gone.
--
-- No lock of the tick is taken, and nothing is waited for longer than lock_timeout.
create or replace function pgwhen.dry_run(p_workflow text, p_event jsonb, p_given jsonb default '{}', p_draft boolean default null)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set lock_timeout = '2s'
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
  v_tenant text := pgwhen._tenant();
  v_workflow pgwhen.workflows;
  v_draft boolean;
  v_result jsonb;
begin
  if jsonb_typeof(p_event) is distinct from 'object' or jsonb_typeof(p_given) is distinct from 'object' then
    raise exception using errcode = 'WF325', message = 'a dry run takes an event and what is given as objects',
      hint = 'p_event is {"event_id"}, {"table", "key"}, {"table", "new", "old"}, {"event", "input"} or {"input"}; p_given is {"step": {"output": ...}}.';
  end if;
  perform pgwhen._require_workflow(coalesce(p_workflow, ''));
  select w.* into v_workflow from pgwhen.workflows w where w.tenant = v_tenant and w.workflow = p_workflow;
  v_draft := coalesce(p_draft, v_workflow.draft is not null);
  if v_draft and v_workflow.draft is null or not v_draft and v_workflow.active_version is null then
    raise exception using errcode = 'WF324', message = format('the workflow %s has no %s', p_workflow, case when v_draft then 'draft' else 'published version' end),
      hint = case when v_draft then 'Leave p_draft out for the active version.' else 'Leave p_draft out for the draft.' end;
  end if;
  begin
    if not pg_try_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0)) then
      raise exception using errcode = 'WF321', message = 'pgwhen migrate is at work', hint = 'Try again when it has ended.';
    end if;
    v_result := pgwhen._dry_run(v_workflow, p_event, p_given, v_draft);
    raise exception using errcode = 'WF320', message = 'the dry run is rolled back', hint = 'Nobody sees this: dry_run catches it.';
  exception
    when sqlstate 'WF320' then
      return v_result;
    when lock_not_available then
      raise exception using errcode = 'WF321', message = 'the dry run waited two seconds for a lock of another session',
        detail = sqlerrm, hint = 'Try again; pg_stat_activity shows long transactions.';
  end;
end
$$;
comment on function pgwhen.dry_run(text, jsonb, jsonb, boolean) is 'Runs a workflow in pretence: nothing is sent, nothing stays written.
p_event is {"event_id"}, {"table", "key"}, {"table", "new", "old"}, {"event", "input"} or {"input"}, with at for another time than now; p_given says what steps come to, {"step": {"output" | "error" | "outcome" | "if": ...}}; p_draft true or false chooses, by default the draft where there is one.
Returns {workflow, version, draft, event, starts, reasons, executions with steps, actions with contexts (to be rendered), statements, unknown, stopped}.
Database steps are performed, with the rights of pgwhen_actions, and rolled back.';
