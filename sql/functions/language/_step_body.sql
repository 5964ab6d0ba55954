-- Executions end at the border of a body: what is within runs for each item, in an execution of its own.
create or replace function pgwhen._step_body(p_owners jsonb) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select o.value ->> 0
  from jsonb_array_elements(p_owners) with ordinality o
  where o.value -> 1 = 'null'
  order by o.ordinality desc
  limit 1
$$;
comment on function pgwhen._step_body(jsonb) is 'The loop whose body holds a step, from the owners that _step_rows gives; null at the top.';
