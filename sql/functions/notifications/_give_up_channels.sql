-- The message by the channel before: what has not begun to leave does not leave any more. Its place in the queue goes when it is claimed.
create or replace function pgwhen._give_up_channels(p_steps pgwhen.step_ref[]) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with given_up as (
    update pgwhen.execution_steps s
    set status = 'cancelled', finished_at = pgwhen._now(), reason = 'it was not sent in time, the next channel is tried'
    from unnest(p_steps) r
    join pgwhen.notifications n on n.execution_id = r.execution_id and n.step_id = r.step_id
    where s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = n.place and s.generation = n.generation
      and s.status in ('ready', 'held', 'queued', 'sleeping', 'waiting')
    returning s.execution_id, s.step_id, s.part
  ), awake as (
    delete from pgwhen.sleepers z using given_up g where z.execution_id = g.execution_id and z.step_id = g.step_id and z.part = g.part
  ), released as (
    delete from pgwhen.held h using given_up g where h.execution_id = g.execution_id and h.step_id = g.step_id and h.part = g.part
  )
  delete from pgwhen.ready d using given_up g where d.execution_id = g.execution_id and d.step_id = g.step_id and d.part = g.part
$$;
comment on function pgwhen._give_up_channels(pgwhen.step_ref[]) is 'Cancels messages of notifications that did not leave by their channel in time.';
