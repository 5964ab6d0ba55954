-- In the tick, alone: what several transactions wrote leaves together, per workflow, each thing once, in as few notifications as
-- their limit of 8000 bytes allows. More than 300 things of a workflow at once are told as counts: nobody follows them one by one.
create or replace function pgwhen._send_progress(p_max integer) returns integer
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
declare
  v_count integer;
begin
  if not exists (select from pgwhen.progress) then
    return 0;
  end if;
  with taken as (
    delete from pgwhen.progress p
    where p.seq = any (array(select q.seq from pgwhen.progress q order by q.seq limit p_max))
    returning p.seq, p.execution_id, p.event, p.step_id
  ), folded as (
    select min(t.seq) as seq, t.execution_id, t.event, t.step_id
    from taken t
    group by t.execution_id, t.event, t.step_id
  ), item as (
    select x.tenant, x.workflow_id, f.seq, f.event, i.item, count(*) over (partition by x.workflow_id) as many,
      sum(octet_length(i.item::text) + 2) over (partition by x.workflow_id order by f.seq) / 7000 as chunk
    from folded f
    cross join lateral (
      select e.tenant, e.workflow_id from pgwhen.executions e
      where e.execution_id = f.execution_id
      offset 0) x
    cross join lateral (
      select case when f.step_id is null then jsonb_build_array(f.execution_id, f.event) else jsonb_build_array(f.execution_id, f.event, f.step_id) end as item) i
  ), payload as (
    select i.tenant, i.workflow_id, min(i.seq) as seq, jsonb_build_object('items', jsonb_agg(i.item order by i.seq)) as told
    from item i
    where i.many <= 300
    group by i.tenant, i.workflow_id, i.chunk
    union all
    select c.tenant, c.workflow_id, min(c.seq), jsonb_build_object('counts', jsonb_object_agg(c.event, c.count))
    from (
      select i.tenant, i.workflow_id, i.event, min(i.seq) as seq, count(*) as count
      from item i where i.many > 300
      group by i.tenant, i.workflow_id, i.event) c
    group by c.tenant, c.workflow_id
  ), sent as (
    select pg_notify('pgwhen_progress', (jsonb_build_object('v', 1, 'tenant', p.tenant, 'workflow', w.workflow) || p.told)::text)
    from (select * from payload order by seq) p
    join pgwhen.workflows w on w.workflow_id = p.workflow_id
  )
  select count(s.*) into v_count from sent s;
  return v_count;
end
$$;
comment on function pgwhen._send_progress(integer) is 'Tells what was noted, up to p_max things, by NOTIFY pgwhen_progress; returns how many notifications.';
