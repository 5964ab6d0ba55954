-- The least that PostgreSQL has to do for: a row -> an event -> an execution with one action -> its result. Set-based and
-- without any feature: no tenants, steps, retries, partitions, frozen messages, explanations. The peer of the benchmark
-- `execution`; not a design to copy.

create schema floor;

create table floor.leads (
  id bigint generated always as identity primary key,
  email text,
  name text,
  status text,
  score integer,
  created_at timestamptz default now()
);
create table floor.subscriptions (table_id oid, operation text, primary key (table_id, operation));
create table floor.workflows (workflow_id integer primary key, event text not null, condition jsonpath not null);
create index on floor.workflows (event);
create table floor.events (
  event_id uuid primary key,
  type text not null,
  payload jsonb not null,
  at timestamptz not null default now()
);
create table floor.executions (
  execution_id uuid primary key,
  workflow_id integer not null,
  event_id uuid not null,
  status text not null,
  started_at timestamptz,
  finished_at timestamptz
) with (fillfactor = 80);
create table floor.steps (
  execution_id uuid,
  step_id text,
  status text not null,
  attempt integer not null default 0,
  started_at timestamptz,
  finished_at timestamptz,
  output jsonb,
  primary key (execution_id, step_id)
) with (fillfactor = 75);

select pgmq.create('floor_events'), pgmq.create('floor_actions');
insert into floor.subscriptions values ('floor.leads'::regclass, 'INSERT');
insert into floor.workflows
select g, case g when 1 then 'leads.insert' else 'other_' || g || '.insert' end, '$.score >= 0' from generate_series(1, 1000) g;
analyze floor.subscriptions, floor.workflows;

create function floor.capture() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from floor.subscriptions s where s.table_id = tg_relid and s.operation = tg_op) then
    insert into pgmq.q_floor_events (vt, message)
    select clock_timestamp(),
      jsonb_build_object('id', gen_random_uuid(), 'type', tg_table_name || '.' || lower(tg_op), 'at', now(), 'new', to_jsonb(n))
    from new_rows n;
  end if;
  return null;
end
$$;
create trigger capture after insert on floor.leads referencing new table as new_rows
for each statement execute function floor.capture();

create function floor.dispatch(p_max integer) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with popped as (
    delete from pgmq.q_floor_events q
    where q.msg_id in (
      select m.msg_id from pgmq.q_floor_events m
      where m.vt <= clock_timestamp()
      order by m.msg_id
      limit p_max
      for update skip locked)
    returning q.message
  ), event as (
    insert into floor.events (event_id, type, payload)
    select (p.message ->> 'id')::uuid, p.message ->> 'type', p.message -> 'new' from popped p
    returning event_id, type, payload
  ), execution as (
    insert into floor.executions (execution_id, workflow_id, event_id, status, started_at)
    select gen_random_uuid(), w.workflow_id, e.event_id, 'running', clock_timestamp()
    from event e
    join floor.workflows w on w.event = e.type
    where jsonb_path_match(e.payload, w.condition, silent => true)
    returning execution_id
  ), step as (
    insert into floor.steps (execution_id, step_id, status)
    select x.execution_id, 'post', 'queued' from execution x
    returning execution_id, step_id
  )
  insert into pgmq.q_floor_actions (vt, message)
  select clock_timestamp(), jsonb_build_object('execution', s.execution_id, 'step', s.step_id) from step s;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

create function floor.claim(p_max integer, p_seconds integer)
returns table (message_id bigint, execution_id uuid, step_id text, attempt integer, payload jsonb)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
  with message as (
    update pgmq.q_floor_actions q
    set vt = clock_timestamp() + make_interval(secs => p_seconds), read_ct = q.read_ct + 1
    where q.msg_id in (
      select m.msg_id from pgmq.q_floor_actions m
      where m.vt <= clock_timestamp()
      order by m.msg_id
      limit p_max
      for update skip locked)
    returning q.msg_id, (q.message ->> 'execution')::uuid as execution_id, q.message ->> 'step' as step_id
  ), step as (
    update floor.steps s
    set status = 'running', attempt = s.attempt + 1, started_at = clock_timestamp()
    from message m
    where s.execution_id = m.execution_id and s.step_id = m.step_id
    returning m.msg_id, s.execution_id, s.step_id, s.attempt
  )
  select s.msg_id, s.execution_id, s.step_id, s.attempt, e.payload
  from step s
  join floor.executions x on x.execution_id = s.execution_id
  join floor.events e on e.event_id = x.event_id;
end
$$;

create function floor.report(p_messages bigint[], p_executions uuid[], p_steps text[], p_attempts integer[], p_outputs jsonb[])
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  with result as (
    select r.* from unnest(p_messages, p_executions, p_steps, p_attempts, p_outputs)
      as r (message_id, execution_id, step_id, attempt, output)
  ), done as (
    delete from pgmq.q_floor_actions q using result r where q.msg_id = r.message_id
  ), step as (
    update floor.steps s
    set status = 'completed', output = r.output, finished_at = clock_timestamp()
    from result r
    where s.execution_id = r.execution_id and s.step_id = r.step_id and s.attempt = r.attempt and s.status = 'running'
    returning s.execution_id
  )
  update floor.executions x
  set status = 'completed', finished_at = clock_timestamp()
  from step s
  where x.execution_id = s.execution_id;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
