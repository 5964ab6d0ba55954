-- The latest first are chosen, along the primary key, which is in the order of time; and printed in the order in which they were
-- written. With after they are the next ones, for who follows.
create or replace function pgwhen.list_logs(p_filter jsonb default '{}')
returns table (log_id uuid, at timestamptz, level text, workflow text, execution_id uuid, step_id text, message text, data jsonb)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_unknown text := (
    select min(k) from jsonb_object_keys(p_filter) k where k not in ('execution', 'workflow', 'level', 'since', 'until', 'after', 'max'));
  v_level integer := coalesce(pgwhen._log_rank(p_filter ->> 'level'), 1);
  v_since timestamptz := pgwhen._instant(p_filter -> 'since', 'UTC');
  v_until timestamptz := pgwhen._instant(p_filter -> 'until', 'UTC');
  v_after uuid;
  v_execution uuid;
  v_max integer;
begin
  if v_unknown is not null then
    raise exception using errcode = 'WF176', message = format('the filter of logs has no %s', v_unknown),
      hint = 'It has execution, workflow, level, since, until, after and max.';
  elsif p_filter ->> 'level' is not null and pgwhen._log_rank(p_filter ->> 'level') is null then
    raise exception using errcode = 'WF176', message = format('%s is not a level of logs', p_filter ->> 'level'),
      hint = 'Levels are debug, info, warning and error; those from the one given on are listed.';
  elsif p_filter ->> 'since' is not null and v_since is null or p_filter ->> 'until' is not null and v_until is null then
    raise exception using errcode = 'WF176', message = 'since or until of the filter of logs is not a time',
      hint = 'Write it like 2026-11-21 12:00+01, or now - 2 hours.';
  elsif coalesce(p_filter ->> 'max', '100') !~ '^[0-9]{1,5}$' or coalesce(p_filter ->> 'max', '100')::integer not between 1 and 10000 then
    raise exception using errcode = 'WF176', message = format('a page is 1 to 10000 logs, not %s', p_filter ->> 'max'),
      hint = 'Leave max out for the default of 100.';
  end if;
  begin
    v_execution := (p_filter ->> 'execution')::uuid;
    v_after := (p_filter ->> 'after')::uuid;
  exception
    when invalid_text_representation then
      raise exception using errcode = 'WF176', message = 'execution or after of the filter of logs is not an id',
        hint = 'Both are whole ids: pgwhen.find_execution() completes the beginning of an execution''s.';
  end;
  perform pgwhen._require_workflow(p_filter ->> 'workflow');
  v_max := coalesce((p_filter ->> 'max')::integer, 100);
  return query
    select p.* from (
      select l.log_id, l.at, l.level, w.workflow, l.execution_id, l.step_id, l.message, l.data
      from pgwhen.logs l
      left join pgwhen.executions x on x.execution_id = l.execution_id
      left join pgwhen.workflows w on w.workflow_id = x.workflow_id
      where l.tenant = pgwhen._tenant() and pgwhen._log_rank(l.level) >= v_level
        and (v_execution is null or l.execution_id = v_execution)
        and (p_filter ->> 'workflow' is null or w.workflow = p_filter ->> 'workflow')
        and (v_since is null or l.log_id >= pgwhen._id_from(v_since))
        and (v_until is null or l.log_id < pgwhen._id_from(v_until))
        and (v_after is null or l.log_id > v_after)
      order by case when v_after is not null then l.log_id end, l.log_id desc
      limit v_max) p
    order by p.log_id;
end
$$;
comment on function pgwhen.list_logs(jsonb) is 'Remarks of the tenant''s executions, oldest first; of many the latest.
p_filter may have execution, workflow, level (and higher), since, until, after (log_id: the next ones after it) and max (100).';
