-- The keys of the version that new executions get; those of the version before go. Columns and operations that the new keys
-- need are added at once; what nobody needs any more is taken away only where the old keys differ, so that publishing does not
-- look at all workflows.
create or replace function pgwhen._write_trigger_keys(p_workflow_id integer, p_version integer, p_triggers jsonb,
  p_tenant text) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_old text[];
  v_new text[];
begin
  with gone as (
    delete from pgwhen.trigger_keys k where k.workflow_id = p_workflow_id returning k.match_key
  )
  select array_agg(g.match_key) into v_old from gone g;
  with trigger as (
    select t.ordinality::integer as trigger_no, r.*
    from jsonb_array_elements(p_triggers) with ordinality t
    cross join lateral jsonb_to_record(t.value) as r (kind text, attachment_id integer, operations text[], event_type text,
      columns text[], match jsonb, enabled boolean)
    where r.enabled
  ), key as (
    select t.trigger_no, case
        when t.match ->> 'column' is not null and o <> 'truncate'
          then format('%s:%s:%s=%s', o, t.attachment_id, t.match ->> 'column', t.match ->> 'value')
        when c is not null then format('%s:%s:changed:%s', o, t.attachment_id, c)
        else format('%s:%s', o, t.attachment_id)
      end as match_key
    from trigger t
    cross join lateral unnest(t.operations) o
    left join lateral unnest(t.columns) c on o = 'update' and t.match ->> 'column' is null
    where t.kind = 'table'
    union all
    select t.trigger_no, case t.kind when 'event' then format('event:%s:%s', p_tenant, t.event_type) else 'manual:'
      || p_workflow_id end
    from trigger t
    where t.kind in ('event', 'manual')
  ), written as (
    insert into pgwhen.trigger_keys (match_key, workflow_id, trigger_no, version)
    select distinct k.match_key, p_workflow_id, k.trigger_no, p_version from key k
    returning match_key
  )
  select array_agg(w.match_key) into v_new from written w;

  insert into pgwhen.match_columns (attachment_id, operation, column_name)
  select distinct t.attachment_id, o, t.match ->> 'column'
  from jsonb_to_recordset(p_triggers) as t (attachment_id integer, operations text[], match jsonb, enabled boolean)
  cross join lateral unnest(t.operations) o
  where t.match ->> 'column' is not null and o <> 'truncate' and t.enabled
  on conflict do nothing;
  perform pgwhen._subscribe(array_agg(t.attachment_id), array_agg(o))
  from jsonb_to_recordset(p_triggers) as t (attachment_id integer, operations text[], enabled boolean)
  cross join lateral unnest(t.operations) o
  where t.attachment_id is not null and t.enabled;
  if not coalesce(v_old, '{}') <@ coalesce(v_new, '{}') then
    perform pgwhen._refresh_subscriptions();
  end if;
end
$$;
comment on function pgwhen._write_trigger_keys(integer, integer, jsonb, text) is 'Replaces the keys by which dispatch finds a workflow.';
