-- The one list of what a step can come to. Edges are named by it, trees and graphs alike. skipped is told apart from success where
-- success, or nothing, leads into branches: what its if skips runs none of them.
create or replace function pgwhen._step_outcomes(p_step jsonb) returns text[]
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_step ->> 'type'
    when 'condition' then '{true,false,error}'::text[]
    when 'stop' then case when p_step ? 'if' then '{success}'::text[] else '{}'::text[] end
    when 'switch' then array(select b.outcome from pgwhen._branches(p_step) b where b.outcome like 'case:%') || '{default,skipped,error}'::text[]
    when 'split' then array(
      select 'part:' || k from jsonb_object_keys(case jsonb_typeof(p_step -> 'parts') when 'object' then p_step -> 'parts' else '{}' end) k)
      || '{skipped,error}'::text[]
    when 'parallel' then '{success,skipped,error}'::text[]
    when 'wait' then '{success,timed_out,error}'::text[]
    when 'approval' then '{approved,rejected,timed_out,skipped,error}'::text[]
    else '{success,error}'::text[] end
$$;
comment on function pgwhen._step_outcomes(jsonb) is 'Outcomes that a step can have. In a graph a switch has one for each case that an edge names, too.';
