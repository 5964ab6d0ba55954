-- A parallel that goes on before all its branches have ended needs a place where that is decided, at the end of a branch or of the
-- workflow too: a step of its own, which nobody writes.
create or replace function pgwhen._join_step(p_step jsonb) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select left(p_step ->> 'id', 35) || '_join'
  where p_step ->> 'type' = 'parallel' and coalesce(p_step -> 'join', '"all"') <> '"all"'
    and jsonb_typeof(p_step -> 'branches') = 'array'
$$;
comment on function pgwhen._join_step(jsonb) is 'Id of the step at which the branches of a parallel meet, where they do not all have to; null for any other step.';
