-- Bounded, because a backlog needs no exact number.
create or replace function pgwhen._due_actions(p_max integer) returns integer
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select count(*)::integer
  from (select from pgmq.q_pgwhen_actions q where q.vt <= (select pgwhen._now()) limit p_max) q
$$;
comment on function pgwhen._due_actions(integer) is 'How many actions wait in the queue for a claim, up to p_max.';
