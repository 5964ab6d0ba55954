-- Keys of archived workflows serve events that occurred before the archiving: they go when none of those can come any more, neither
-- from the queue nor from a transaction that has been open since (a day is allowed for that).
create or replace function pgwhen._prune_small_tables(p_now timestamptz, p_cutoff timestamptz) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_pollers integer;
  v_start_keys integer;
  v_trigger_keys integer;
  v_approvals integer;
  v_audit integer;
  v_deliveries integer;
begin
  delete from pgwhen.pollers p where p.seen_at < p_now - interval '1 day';
  get diagnostics v_pollers = row_count;
  delete from pgwhen.start_keys k where k.taken_at < p_cutoff;
  get diagnostics v_start_keys = row_count;
  delete from pgwhen.trigger_keys k
  using pgwhen.workflows w
  where w.workflow_id = k.workflow_id and w.status = 'archived'
    and not exists (
      select from pgwhen.activations a
      where a.workflow_id = w.workflow_id
        and coalesce(a.until_at, 'infinity') >= least(p_now - interval '1 day', (select min(q.enqueued_at) from pgmq.q_pgwhen_events q)));
  get diagnostics v_trigger_keys = row_count;
  if v_trigger_keys > 0 then
    delete from pgwhen.match_columns m
    where not exists (
      select from pgwhen.trigger_keys k
      where starts_with(k.match_key, format('%s:%s:%s=', m.operation, m.attachment_id, m.column_name)));
    perform pgwhen._refresh_subscriptions();
  end if;
  delete from pgwhen.approval_requests r
  where r.closed_at < p_cutoff and not exists (select from pgwhen.executions x where x.execution_id = r.execution_id);
  get diagnostics v_approvals = row_count;
  delete from pgwhen.notifications n
  where n.created_at < p_cutoff and not exists (select from pgwhen.executions x where x.execution_id = n.execution_id);
  delete from pgwhen.digests d
  where d.ends_at < p_cutoff and not exists (select from pgwhen.notifications n where n.digest_id = d.digest_id);
  delete from pgwhen.audit_log u where u.at < p_now - greatest(pgwhen._setting('audit_retention_days', 400), 1) * interval '1 day';
  get diagnostics v_audit = row_count;
  delete from pgwhen.deliveries d
  where d.received_at < p_now - greatest(pgwhen._setting('failed_retention_days', 90), 1) * interval '1 day';
  get diagnostics v_deliveries = row_count;
  perform pgwhen._prune_waits(p_now, p_cutoff);
  perform pgwhen._prune_sending(p_now);
  return jsonb_build_object('approvals', v_approvals, 'audit', v_audit, 'deliveries', v_deliveries, 'pollers', v_pollers, 'start_keys', v_start_keys, 'trigger_keys', v_trigger_keys);
end
$$;
comment on function pgwhen._prune_small_tables(timestamptz, timestamptz) is 'Drops pollers not seen for a day, old start keys, match keys of archived workflows, approvals whose execution was dropped, what providers told of messages and the audit log had long enough.';
