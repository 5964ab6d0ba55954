-- The poller's door to _apply_reports, which expired leases use too.
create or replace function pgwhen.report_actions(p_reports jsonb) returns jsonb
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
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('pgwhen.migrate', 0));
  return pgwhen._apply_reports(array(select r from jsonb_populate_recordset(null::pgwhen.action_report, p_reports) r));
end
$$;
comment on function pgwhen.report_actions(jsonb) is 'Records results of attempts and goes on from them, in one transaction: an array of action_report objects gives {reported, late}.
A report whose lease was lost is recorded as late and changes nothing.';
