create or replace function pgwhen._seed_names() returns text[]
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select '{lead_created,lead_status_changed,form_submission,job_created,job_status_changed,job_completed}'::text[]
$$;
comment on function pgwhen._seed_names() is 'Names of triggers that older systems used.';
