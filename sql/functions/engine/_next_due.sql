-- Three index look-ups. Not in SQL, which servers before 18 plan at each call.
create or replace function pgwhen._next_due() returns timestamptz
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return least((select min(s.due_at) from pgwhen.sleepers s), (select min(q.vt) from pgmq.q_pgwhen_actions q),
    (select min(q.vt) from pgmq.q_pgwhen_events q));
end
$$;
comment on function pgwhen._next_due() is 'When the next sleeper, lease or message is due; null when nothing is.';
