-- How each attached table differs from what its attachment knows, and tables whose rows come in another way than by statements.
create or replace function pgwhen._doctor_attachments() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with attached as materialized (
    select a as attachment, pgwhen._attachment_relation(a.attachment_id) as relation,
      'table ' || a.schema_name || '.' || a.table_name as check_name
    from pgwhen.attachments a
    where a.detached_at is null and a.tenant = pgwhen._tenant()
  ), problem (check_name, status, detail, hint) as (
    select t.check_name, case when c.change in ('triggers missing', 'trigger missing', 'trigger disabled') then 'error' else 'warning' end,
      c.change || ': ' || c.detail, coalesce(c.hint, 'pgwhen maintain brings it up to date.')
    from attached t
    cross join lateral pgwhen._attachment_changes(t.attachment, t.relation) c
    union all
    select t.check_name, 'warning', format('it is a target of the subscription %s: rows that replication writes fire no statement triggers', s.subname),
      'Attach the table where its rows are written.'
    from attached t
    join pg_subscription_rel r on r.srrelid = t.relation
    join pg_subscription s on s.oid = r.srsubid
  )
  select p.check_name, p.status, p.detail, p.hint from problem p
  union all
  select t.check_name, 'ok', 'captured', null
  from attached t
  where not exists (select from problem p where p.check_name = t.check_name)
  union all
  select 'tables', 'warning', 'none is attached: no change starts a workflow', 'As the owner of the table: pgwhen attach TABLE'
  where not exists (select from attached)
$$;
comment on function pgwhen._doctor_attachments() is 'doctor: attached tables and their triggers.';
