-- What _retire_week and _prune_kept drop under this plan, a row of JSON each; the conditions are those of _kept_condition. One static
-- statement, of which all arms but one are cut off at its start: called in the list of a SELECT, or of a COPY of one, it gives row by
-- row and keeps none.
create or replace function pgwhen.archive_rows(p_table text, p_plan jsonb) returns setof text
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
as $$
  with plan as materialized (
    select pgwhen._id_from((p_plan ->> 'until')::timestamptz) as until, (p_plan ->> 'cutoff')::timestamptz as cutoff,
      (p_plan ->> 'failed_cutoff')::timestamptz as failed_cutoff,
      case when p_plan ->> 'week' is null then to_regclass('pgwhen.' || p_table || '_kept')::oid end as kept
    where pgwhen._tenant() = 'default'
  ), kept as materialized (
    select x.execution_id, x.event_id
    from plan p
    join pgwhen.executions x on x.execution_id < p.until
    where pgwhen._is_kept(x.status, x.had_failures, x.finished_at, p.cutoff, p.failed_cutoff)
      or x.parent_execution_id is not null and pgwhen._has_kept_parent(x.parent_execution_id, p.cutoff, p.failed_cutoff)
  )
  select to_jsonb(o)::text from plan p join pgwhen.executions o on o.execution_id < p.until
  where p_table = 'executions' and (p_plan ->> 'week' is not null or o.tableoid = p.kept)
    and not exists (select from kept k where k.execution_id = o.execution_id)
  union all
  select to_jsonb(o)::text from plan p join pgwhen.execution_steps o on o.execution_id < p.until
  where p_table = 'execution_steps' and (p_plan ->> 'week' is not null or o.tableoid = p.kept)
    and not exists (select from kept k where k.execution_id = o.execution_id)
  union all
  select to_jsonb(o)::text from plan p join pgwhen.frozen_messages o on o.execution_id < p.until
  where p_table = 'frozen_messages' and (p_plan ->> 'week' is not null or o.tableoid = p.kept)
    and not exists (select from kept k where k.execution_id = o.execution_id)
  union all
  select to_jsonb(o)::text from plan p join pgwhen.attempts o on o.execution_id < p.until
  where p_table = 'attempts' and (p_plan ->> 'week' is not null or o.tableoid = p.kept)
    and not exists (select from kept k where k.execution_id = o.execution_id)
  union all
  select to_jsonb(o)::text from plan p join pgwhen.documents o on o.execution_id < p.until
  where p_table = 'documents' and (p_plan ->> 'week' is not null or o.tableoid = p.kept)
    and not exists (select from kept k where k.execution_id = o.execution_id)
  union all
  select to_jsonb(o)::text from plan p join pgwhen.logs o on o.log_id < p.until
  where p_table = 'logs' and (p_plan ->> 'week' is not null or o.tableoid = p.kept)
    and not exists (select from kept k where k.execution_id = o.execution_id)
  union all
  select to_jsonb(o)::text from plan p join pgwhen.events o on o.event_id < p.until
  where p_table = 'events' and (p_plan ->> 'week' is not null or o.tableoid = p.kept)
    and not (o.status = 'failed' and o.occurred_at > least(p.cutoff, p.failed_cutoff))
    and not exists (select from kept k where k.event_id = o.event_id)
$$;
comment on function pgwhen.archive_rows(text, jsonb) is 'Rows of a table of the history that maintain drops under a plan of plan_archive, each as JSON; none for other tenants than default.';
