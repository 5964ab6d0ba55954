-- One function a subject; each says at least one thing, so that what was looked at is seen. What concerns tables, workflows and
-- connections is of the tenant; the rest is of the installation.
create or replace function pgwhen.doctor() returns table (check_name text, status text, detail text, hint text)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select * from pgwhen._doctor_pgmq()
  union all
  select * from pgwhen._doctor_roles()
  union all
  select * from pgwhen._doctor_attachments()
  union all
  select * from pgwhen._doctor_workflows()
  union all
  select * from pgwhen._doctor_partitions()
  union all
  select * from pgwhen._doctor_vacuum()
  union all
  select * from pgwhen._doctor_progress()
  union all
  select * from pgwhen._doctor_pollers()
  union all
  select * from pgwhen._doctor_connections()
  union all
  select * from pgwhen._doctor_endpoints()
  union all
  select * from pgwhen._doctor_approvals()
  union all
  select * from pgwhen._doctor_held()
  union all
  select * from pgwhen._doctor_settings()
$$;
comment on function pgwhen.doctor() is 'Examines the installation: a row for each thing looked at, with status ok, warning or error, and what to do.';
