-- A result and its consequences commit together. The executions are locked first, in id order; then the attempt number decides
-- whether the report is the live one (_record_reports).
--
-- What an answer says of more than its step is noted once a batch, and only where there is something to note: of the connection
-- (throttled, refused, failing, or well again), of an address (suppress), of documents and endpoints.
create or replace function pgwhen._apply_reports(p_reports pgwhen.action_report[]) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_recorded record;
begin
  perform from (select distinct r.execution_id from unnest(p_reports) r) r
  join pgwhen.executions x on x.execution_id = r.execution_id
  order by x.execution_id
  for no key update of x;
  assert pgwhen._fail_point('report.locked');

  begin
    select * into v_recorded from pgwhen._record_reports(p_reports, v_now, false);
  exception when unique_violation then
    select * into v_recorded from pgwhen._record_reports(p_reports, v_now, true);
  end;
  assert pgwhen._fail_point('report.recorded');

  if v_recorded.answers is not null then
    perform pgwhen._note_answers(v_recorded.answers, v_now);
  end if;
  if v_recorded.has_extra then
    perform pgwhen._note_extras(p_reports);
  end if;
  if v_recorded.failed is not null then
    perform pgwhen._record_failures(v_recorded.failed);
    perform pgwhen._log_given_up(v_recorded.failed);
  end if;
  if v_recorded.late > 0 then
    perform pgwhen._log_late(p_reports);
  end if;
  if v_recorded.settled is not null then
    perform pgwhen._advance(v_recorded.settled);
  end if;
  -- Where no edge leads on, only the state of the execution is left to set.
  if v_recorded.others is not null then
    perform pgwhen._refresh_executions(v_recorded.others);
  end if;
  assert pgwhen._fail_point('report.advanced');
  return jsonb_build_object('reported', cardinality(p_reports) - v_recorded.late, 'late', v_recorded.late);
end
$$;
comment on function pgwhen._apply_reports(pgwhen.action_report[]) is 'Records results of attempts and goes on from them.';
