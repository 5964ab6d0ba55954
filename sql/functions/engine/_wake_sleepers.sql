-- What is due is found by its time, and done by execution (_wake_executions).
create or replace function pgwhen._wake_sleepers(p_max integer) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_ids uuid[];
begin
  select array_agg(distinct s.execution_id) into v_ids
  from (select d.execution_id from pgwhen.sleepers d where d.due_at <= v_now order by d.due_at limit p_max) s;
  if v_ids is null then
    return 0;
  end if;
  return pgwhen._wake_executions(v_ids);
end
$$;
comment on function pgwhen._wake_sleepers(integer) is 'Goes on with up to p_max steps whose time has come; returns how many.';
