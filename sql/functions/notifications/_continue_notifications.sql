-- What happened to a notification: it begins, its digest is due, a message was sent, delivered or failed, its time for falling back is over. The
-- time is over when its sleeper has gone (_wake_executions deletes it). A message that is still on its way then is given up where it
-- has not begun to leave.
create or replace function pgwhen._continue_notifications(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_verdict text;
  v_steps pgwhen.step_ref[];
begin
  for v_verdict, v_steps in
    select j.verdict, array_agg((j.execution_id, j.step_id)::pgwhen.step_ref order by j.execution_id)
    from (
      select r.execution_id, r.step_id, case
          when n.execution_id is null then 'open'
          when n.place = 0 then case when z.due_at is null then 'digest' else 'wait' end
          when p.status = 'completed' and (t.compiled -> 'fallback' is null or n.place = cardinality(n.channels)
            or k.delivery = 'delivered') then 'done'
          when p.status in ('failed', 'skipped', 'cancelled') or k.delivery = 'failed' or z.due_at is null and t.compiled ? 'fallback' and n.place < cardinality(n.channels)
            then case when n.place < cardinality(n.channels) then 'next' when s.status = 'waiting' then 'end' end
          else 'wait' end as verdict
      from (select distinct u.execution_id, u.step_id from unnest(p_steps) u) r
      join pgwhen.executions x on x.execution_id = r.execution_id
      join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = r.step_id
      cross join lateral (
        select e.generation, e.status from pgwhen.execution_steps e
        where e.execution_id = r.execution_id and e.step_id = r.step_id and e.part = 0
        offset 0) s
      left join pgwhen.notifications n on n.execution_id = r.execution_id and n.step_id = r.step_id and n.generation = s.generation
      left join lateral (
        select e.status from pgwhen.execution_steps e
        where e.execution_id = r.execution_id and e.step_id = r.step_id and e.part = n.place and n.place > 0
        offset 0) p on true
      left join lateral (
        select a.due_at from pgwhen.sleepers a
        where a.execution_id = r.execution_id and a.step_id = r.step_id and a.part = 0 and a.purpose = 'timeout'
        offset 0) z on true
      left join lateral (
        select pgwhen._known_delivery(r.execution_id, r.step_id, n.generation, n.place) as delivery
        where p.status = 'completed' and t.compiled ? 'fallback') k on true) j
    group by j.verdict
  loop
    case v_verdict
      when 'open' then
        perform pgwhen._open_notifications(v_steps);
      when 'digest' then
        perform pgwhen._send_digests(v_steps);
      when 'done' then
        perform pgwhen._end_notifications(v_steps);
      when 'next' then
        perform pgwhen._give_up_channels(v_steps);
        perform pgwhen._try_channels(v_steps);
      when 'end' then
        perform pgwhen._fail_notifications(v_steps);
      else
        null;
    end case;
  end loop;
end
$$;
comment on function pgwhen._continue_notifications(pgwhen.step_ref[]) is 'Goes on with notification steps after something happened to them.';
