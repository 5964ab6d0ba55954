-- Compare-and-set: the executions are locked in id order, then judged as they are. Page by page, so that a caller shows how far it is and
-- no transaction holds them all. What is watched for is that of the active version: an older one that waits for events is brought
-- back by rollback_workflow.
create or replace function pgwhen.migrate_executions(p_workflow text, p_to integer default null, p_from integer default null,
  p_dry_run boolean default false, p_reason text default null, p_after uuid default null, p_max integer default 500)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
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
  v_workflow pgwhen.workflows;
  v_to integer;
  v_ids uuid[];
  v_moving uuid[];
  v_refused jsonb;
begin
  if p_max is null or p_max not between 1 and 10000 then
    raise exception using errcode = 'WF152', message = format('a page has 1 to 10000 executions, not %s', coalesce(p_max::text, 'null')),
      hint = 'Give p_max between 1 and 10000.';
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  perform pgwhen._lock_definitions();
  v_workflow := pgwhen._workflow_named(p_workflow);
  v_to := pgwhen._version_number(v_workflow, coalesce(p_to::text, 'active'));
  perform pgwhen._version_number(v_workflow, p_from::text) where p_from is not null;
  if v_to <> v_workflow.active_version and exists (
      select from pgwhen.steps t where t.workflow_id = v_workflow.workflow_id and t.version = v_to
        and (t.type = 'wait' or t.compiled ?| '{opens,watch}'::text[])) then
    raise exception using errcode = 'WF309', message = format('version %s of %s waits for events, and only those of the active version are watched for', v_to, p_workflow),
      hint = format('pgwhen rollback %s %s makes it the active one again.', p_workflow, v_to);
  end if;

  v_ids := array(
    select u.execution_id from pgwhen.unfinished u
    where u.workflow_id = v_workflow.workflow_id and u.version <> v_to and (p_from is null or u.version = p_from)
      and (p_after is null or u.execution_id > p_after)
    order by u.execution_id
    limit p_max);
  perform from unnest(v_ids) i (execution_id) join pgwhen.executions x on x.execution_id = i.execution_id
  order by x.execution_id
  for no key update of x;
  select array_agg(x.execution_id order by x.execution_id) filter (where r.refusal is null),
    coalesce(jsonb_agg(jsonb_build_object('execution_id', x.execution_id, 'version', x.version, 'reason', r.refusal) order by x.execution_id)
      filter (where r.refusal is not null), '[]')
  into v_moving, v_refused
  from unnest(v_ids) i (execution_id)
  join pgwhen.executions x on x.execution_id = i.execution_id
  cross join lateral (select pgwhen._find_move_refusal(x, v_to) as refusal) r;
  if v_moving is not null and not p_dry_run then
    perform pgwhen._audit('migrate_executions', v_moving::text[], p_reason, jsonb_build_object('workflow', p_workflow, 'to', v_to));
    for v_start in 1..cardinality(v_moving) by 500 loop
      perform pgwhen._move_executions(v_moving[v_start:v_start + 499], v_to);
    end loop;
  end if;
  return jsonb_build_object('workflow', p_workflow, 'to', v_to, 'dry_run', p_dry_run, 'moved', coalesce(cardinality(v_moving), 0), 'refused', v_refused,
    'last', case when cardinality(v_ids) = p_max then v_ids[p_max] end);
end
$$;
comment on function pgwhen.migrate_executions(text, integer, integer, boolean, text, uuid, integer) is 'Lets executions of a workflow go on in another version, the active one unless given; those that cannot stay, with the reason.
A page of p_max: {workflow, to, dry_run, moved, refused: [{execution_id, version, reason}], last}; last is p_after of the next page, null at the end.';
