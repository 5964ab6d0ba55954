create or replace function pgwhen._explain_step(p_step pgwhen.execution_steps) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_error text := coalesce(p_step.error ->> 'message', p_step.error ->> 'code');
  v_sleeper pgwhen.sleepers;
  v_held pgwhen.held;
  v_seen timestamptz;
  v_before bigint;
begin
  case p_step.status
    when 'sleeping' then
      select s.* into v_sleeper from pgwhen.sleepers s
      where s.execution_id = p_step.execution_id and s.step_id = p_step.step_id and s.part = p_step.part
      order by s.due_at limit 1;
      if v_sleeper.purpose = 'retry' and (p_step.tries = 0 or p_step.reason not like 'waits for attempt %') then
        return format('is kept back until %s: %s', pgwhen._when(v_sleeper.due_at), coalesce(p_step.reason, 'no reason recorded'));
      end if;
      if v_sleeper.purpose = 'retry' then
        return format('failed %s of its attempts, the last with: %s; it tries again at %s', p_step.tries, coalesce(v_error, 'no error recorded'), pgwhen._when(v_sleeper.due_at));
      end if;
      return format('sleeps until %s', coalesce(pgwhen._when(v_sleeper.due_at), 'the next tick'));
    when 'ready' then
      select count(*) into v_before
      from pgwhen.ready r join pgwhen.ready mine on mine.tenant = r.tenant and (r.priority, r.seq) < (mine.priority, mine.seq)
      where mine.execution_id = p_step.execution_id and mine.step_id = p_step.step_id and mine.part = p_step.part;
      return format('waits for its turn since %s, %s before it', pgwhen._when(p_step.queued_at), v_before);
    when 'queued' then
      select max(p.seen_at) into v_seen from pgwhen.pollers p;
      return format('waits for a poller since %s%s', pgwhen._when(p_step.queued_at), case
        when v_seen is null then '; no poller has ever called: run pgwhen poll'
        when v_seen < pgwhen._now() - interval '1 minute' then format('; no poller has called since %s: run pgwhen poll', pgwhen._when(v_seen))
        else '' end);
    when 'claimed', 'sending' then
      return format('a poller performs it since %s (attempt %s)', pgwhen._when(p_step.started_at), p_step.attempt);
    when 'held' then
      select h.* into v_held from pgwhen.held h
      where h.execution_id = p_step.execution_id and h.step_id = p_step.step_id and h.part = p_step.part;
      return format('is held since %s: %s', pgwhen._when(coalesce(v_held.held_at, p_step.queued_at)), coalesce(v_held.reason, p_step.reason, 'no reason recorded'));
    when 'uncertain' then
      return format('may or may not have been sent: %s; a person decides', coalesce(v_error, p_step.reason, 'the answer is missing'));
    when 'waiting' then
      return coalesce(pgwhen._explain_approval(p_step), pgwhen._explain_wait(p_step), pgwhen._explain_children(p_step), pgwhen._explain_notification(p_step), format('waits for an event since %s', pgwhen._when(p_step.queued_at)));
    when 'failed' then
      return format('failed at %s: %s', pgwhen._when(p_step.finished_at), coalesce(v_error, p_step.reason, 'no error recorded'));
    else
      return coalesce(p_step.reason, p_step.status);
  end case;
end
$$;
comment on function pgwhen._explain_step(pgwhen.execution_steps) is 'Where a step stands, in words: what it waits for, since when, until when.';
