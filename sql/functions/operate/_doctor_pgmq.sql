-- Whether pgmq is an extension or plain SQL, and whether its tables are as our INSERTs expect.
create or replace function pgwhen._doctor_pgmq() returns table (check_name text, status text, detail text, hint text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select 'pgmq', 'ok', coalesce('extension ' || e.extversion, 'from the SQL of the Python package'), null
  from (values (1)) one
  left join pg_extension e on e.extname = 'pgmq'
  union all
  select 'queue ' || q.name, case when p.problem is null then 'ok' else 'error' end, coalesce(p.problem, 'as expected'),
    case when p.problem is not null then 'This version of pgmq is not supported; run pgwhen migrate, else install a supported pgmq.' end
  from unnest(array['pgwhen_events', 'pgwhen_actions']) q (name)
  cross join lateral (select pgwhen._check_queue_shape(q.name) as problem) p
$$;
comment on function pgwhen._doctor_pgmq() is 'doctor: pgmq and the shape of its tables.';
