-- What the engine has to do at a step because of exit_if, exit_on and on_deleted, written into the step itself: a workflow that has
-- none of them pays for none.
--
-- leave: to look before the step begins, whether exit_if holds, and whether the record is gone. The latter only where the step reads
-- the record and time has passed since the execution began (after a delay, wait, approval, notification, start or loop, and within a loop).
-- watch: while the step sleeps or waits, a change of the record wakes it; "value" where a delay reads its time from the record.
-- opens: the roots, with which exit_on begins to count.
create or replace function pgwhen._mark_steps(p_steps jsonb, p_edges jsonb, p_nodes jsonb, p_leave jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive step as materialized (
    select s.ordinality as n, s.value as step, s.value ->> 'step_id' as step_id, s.value ->> 'type' as type,
      s.value ->> 'type' in ('delay', 'wait', 'approval', 'notification', 'start', 'loop') as rests,
      coalesce(jsonb_path_exists(pgwhen._needed_nodes(p_nodes, jsonb_path_query_array(s.value -> 'compiled', '$.reads.*[*]')),
        '$[*] ? (@.kind == "record")'), false) as reads_record
    from jsonb_array_elements(p_steps) with ordinality s
  ), edge as materialized (
    select distinct e.value ->> 'source' as source, e.value ->> 'target' as target from jsonb_array_elements(p_edges) e
  ), later (step_id) as (
    select e.target from edge e join step s on s.step_id = e.source and s.rests
    union
    select e.target from later l join edge e on e.source = l.step_id
  ), judged as materialized (
    select s.*, p_leave -> 'if' <> 'null' as has_if,
      p_leave -> 'records' <> '{}' and (
        s.reads_record and (s.step ->> 'body' is not null or s.step_id in (select l.step_id from later l))
        or s.rests and s.type <> 'delay') as asks_record,
      s.type = 'delay' and s.step -> 'compiled' ? 'until' and coalesce(jsonb_path_exists(
        pgwhen._needed_nodes(p_nodes, s.step #> '{compiled,reads,engine}'), '$[*] ? (@.kind == "record")'), false) as rereads
    from step s
  ), marked as (
    select j.n, j.step, case when j.has_if or j.asks_record then
        case when j.has_if then jsonb_build_object('exit_if', p_leave -> 'if', 'text', p_leave -> 'text') else '{}' end
        || case when j.asks_record then jsonb_build_object('gone',
            (select jsonb_object_agg(r.key, r.value -> 'alias') from jsonb_each(p_leave -> 'records') r)) else '{}' end end as leave,
      case when j.rereads then '"value"'::jsonb when j.rests and (j.has_if or j.asks_record) then '"exit"' end as watch,
      case when j.has_if then p_leave -> 'if_reads' else '[]' end
        || case when j.asks_record then (select jsonb_agg(jsonb_build_array(r.value -> 'alias', r.value -> 'key')) from jsonb_each(p_leave -> 'records') r)
            || case when p_leave -> 'asks_event' = 'true' then '[["event", "operation"]]'::jsonb else '[]' end
          else '[]' end as leave_reads,
      p_leave -> 'on' <> '[]' and j.step ->> 'body' is null
        and not exists (select from edge e where e.target = j.step_id) as opens
    from judged j
  )
  select coalesce(jsonb_agg(case when not m.step ? 'compiled' or m.leave is null and m.watch is null and not m.opens then m.step
    else m.step || jsonb_build_object('compiled', (m.step -> 'compiled')
      || case when m.leave is null then '{}' else jsonb_build_object('leave', m.leave) end
      || case when m.watch is null then '{}' else jsonb_build_object('watch', m.watch) end
      || case when m.opens then '{"opens": true}'::jsonb else '{}' end
      || jsonb_build_object('reads', (m.step -> 'compiled' -> 'reads')
        || case when m.leave is null then '{}' else jsonb_build_object('leave', m.leave_reads) end
        || case when m.opens then jsonb_build_object('exit', p_leave -> 'on_reads') else '{}' end)) end order by m.n), '[]')
  from marked m
$$;
comment on function pgwhen._mark_steps(jsonb, jsonb, jsonb, jsonb) is 'Steps of a version with what exit_if, exit_on and on_deleted mean for each.';
