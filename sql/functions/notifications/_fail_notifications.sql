-- No channel is left. Where each of them was passed over because the recipient is not to be told (suppressed), that is no failure.
create or replace function pgwhen._fail_notifications(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_step record;
begin
  for v_step in
    select s.execution_id, s.step_id, n.recipient, bool_and(p.status = 'skipped') as is_refused,
      string_agg(format('%s: %s', n.channels[p.part], coalesce(p.error ->> 'message', p.reason, p.status)), '; ' order by p.part) as said
    from unnest(p_steps) r
    cross join lateral (
      select e.* from pgwhen.execution_steps e
      where e.execution_id = r.execution_id and e.step_id = r.step_id and e.part = 0
      offset 0) s
    join pgwhen.notifications n on n.execution_id = s.execution_id and n.step_id = s.step_id and n.generation = s.generation
    cross join lateral (
      select e.* from pgwhen.execution_steps e
      where e.execution_id = s.execution_id and e.step_id = s.step_id and e.part > 0 and e.generation = s.generation
      offset 0) p
    group by s.execution_id, s.step_id, n.recipient
  loop
    if v_step.is_refused then
      perform pgwhen._skip_notifications(array[(v_step.execution_id, v_step.step_id)::pgwhen.step_ref], array[v_step.said]);
    else
      update pgwhen.execution_steps s set output = pgwhen._notification_output(s.execution_id, s.step_id, s.generation)
      where s.execution_id = v_step.execution_id and s.step_id = v_step.step_id and s.part = 0;
      perform pgwhen._fail_step((v_step.execution_id, v_step.step_id)::pgwhen.step_ref, jsonb_build_object('class', 'permanent',
        'code', 'not_notified', 'message', format('%s was not told: %s', v_step.recipient, v_step.said)));
    end if;
  end loop;
end
$$;
comment on function pgwhen._fail_notifications(pgwhen.step_ref[]) is 'Ends notification steps that no channel told.';
