-- A function that was dropped, or that pgwhen_actions may not call, is shown with that.
create or replace function pgwhen.list_functions()
returns table (function text, arguments jsonb, description text, problem text, registered_at timestamptz, registered_by text)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select r.signature, coalesce((select jsonb_object_agg(a.key, a.value -> 'type') from jsonb_each(f.arguments) a), '{}'), r.description,
    case when f.function is null then 'there is no such function' else pgwhen._check_callable(f.function, '') -> 0 ->> 'hint' end,
    r.registered_at, r.registered_by
  from pgwhen.registered_functions r
  left join pgwhen._registered_function(r.signature, r.tenant) f on true
  where r.tenant = pgwhen._tenant()
  order by r.signature
$$;
comment on function pgwhen.list_functions() is 'Functions that call steps may call, with what keeps them from it (problem).';
