-- Bounded, because a backlog needs no exact number.
create or replace function pgwhen._due_actions(p_max integer) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
begin
  return (select count(*) from (select from pgmq.q_pgwhen_actions q where q.vt <= v_now limit p_max) q);
end
$$;
comment on function pgwhen._due_actions(integer) is 'How many actions wait in the queue for a claim, up to p_max.';
