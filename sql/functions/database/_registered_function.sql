-- Found by signature, never by a stored oid: functions are replaced, dumped and restored. p_name is a name, with or without schema, or
-- the signature; count says among how many it had to choose.
create or replace function pgwhen._registered_function(p_name text, p_tenant text)
returns table (signature text, function oid, name text, arguments jsonb, required text[], is_set boolean, returns_nothing boolean, count integer)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select r.signature, p.oid, format('%I.%I', r.schema_name, r.function_name), a.arguments, a.required, p.proretset, p.prorettype = 'void'::regtype,
    count(*) over ()::integer
  from pgwhen.registered_functions r
  left join (pg_proc p join pg_namespace n on n.oid = p.pronamespace)
    on p.proname = r.function_name and n.nspname = r.schema_name and p.oid::regprocedure::text = r.signature
  left join lateral (
    select coalesce(jsonb_object_agg(i.name, jsonb_build_object('type', format_type(i.type, -1), 'kind', pgwhen._column_kind(i.type))), '{}') as arguments,
      array_agg(i.name order by i.n) filter (where i.n <= p.pronargs - p.pronargdefaults) as required
    from (
      select g.name, g.type, row_number() over (order by g.n) as n
      from unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes) with ordinality g (name, type, mode, n)
      where g.type is not null and coalesce(g.mode, 'i') in ('i', 'b')
    ) i
  ) a on true
  where r.tenant = p_tenant and p_name in (r.function_name, r.schema_name || '.' || r.function_name, r.signature)
  order by r.schema_name = 'public' desc, r.signature
$$;
comment on function pgwhen._registered_function(text, text) is 'Registered functions that a name means: what they are called and take.';
