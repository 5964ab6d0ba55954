-- What is captured follows from the keys of active and paused workflows, and from what their executions may wait for; what nobody
-- waits for costs the application one look-up. A version that is no longer the active one is watched for until its executions have
-- ended, and for a day after it was replaced: a tick that is under way may be starting one of them. Whoever calls this holds the
-- lock of _lock_definitions before any row's, so that a workflow that is being published at this moment is not overlooked.
create or replace function pgwhen._refresh_subscriptions() returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  perform pgwhen._lock_definitions();
  delete from pgwhen.watches w
  using pgwhen.workflows f
  where f.workflow_id = w.workflow_id and (f.status = 'archived' or f.active_version is distinct from w.version)
    and coalesce((select v.published_at from pgwhen.versions v where v.workflow_id = w.workflow_id and v.version = w.version + 1), f.updated_at)
      < pgwhen._now() - interval '1 day'
    and not exists (select from pgwhen.unfinished u where u.workflow_id = w.workflow_id and u.version = w.version);
  delete from pgwhen.watch_keys k
  where not exists (
    select from pgwhen.watches w where w.source = k.source and w.key_column = k.key_column and w.type = k.type);
  with operation as (
    select t.attachment_id, o as operation
    from pgwhen.trigger_keys k
    join pgwhen.workflows w on w.workflow_id = k.workflow_id and w.status in ('active', 'paused')
    join pgwhen.triggers t on t.workflow_id = k.workflow_id and t.version = k.version and t.trigger_no = k.trigger_no
    cross join lateral unnest(t.operations) o
    where t.attachment_id is not null
    union
    select w.attachment_id, w.operation from pgwhen.watches w where w.attachment_id is not null
  ), wanted as (
    select a.attachment_id, coalesce(array_agg(o.operation order by o.operation) filter (where o.operation is not null), '{}') as operations
    from pgwhen.attachments a
    left join operation o on o.attachment_id = a.attachment_id
    group by a.attachment_id
  )
  update pgwhen.attachments a
  set operations = w.operations
  from wanted w
  where a.attachment_id = w.attachment_id and a.detached_at is null and a.operations <> w.operations;
  perform pgwhen._mark_subscribed();
  delete from pgwhen.match_columns m
  where not exists (
    select from pgwhen.trigger_keys k
    where k.match_key like pgwhen._like(format('%s:%s:%s=', m.operation, m.attachment_id, m.column_name)) || '%');
end
$$;
comment on function pgwhen._refresh_subscriptions() is 'Brings the operations of attachments, watches and match_columns in line with the published workflows.';
