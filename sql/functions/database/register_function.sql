-- PostgreSQL lets everybody execute a new function, so workflows may call only what its owner put on this list. It is called by argument
-- names as pgwhen_actions; what it does with more rights is its own affair (security definer).
create or replace function pgwhen.register_function(p_function regprocedure, p_description text default null) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_function record;
  v_tenant constant text := pgwhen._tenant();
begin
  select p.oid, p.proname::text, n.nspname::text, p.proowner::regrole as owner, p.oid::regprocedure::text as signature,
    case
      when n.nspname in ('pg_catalog', 'information_schema', 'pgwhen', 'pgwhen_sandbox', 'pgmq') then 'it belongs to PostgreSQL or pgwhen'
      when p.prokind <> 'f' then 'it is no plain function'
      when p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) then 'it is for triggers'
      when p.provariadic <> 0 then 'it takes any number of arguments'
      when exists (select from unnest(p.proargtypes::oid[]) a join pg_type t on t.oid = a where t.typtype = 'p') then 'its arguments have no types of their own'
      when exists (
        select from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes) a (type, name, mode)
        where coalesce(a.mode, 'i') in ('i', 'b') and coalesce(a.name, '') = '') then 'its arguments have no names'
    end as objection
  into v_function
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where p.oid = p_function;
  if not found then
    raise exception using errcode = 'WF264', message = 'there is no such function', hint = 'Name it with the types of its arguments: charge(integer, text).';
  elsif v_function.objection is not null then
    raise exception using errcode = 'WF264', message = format('%s cannot be called by workflows: %s', v_function.signature, v_function.objection),
      hint = 'Write a function around it, with a name for each argument.';
  elsif not pg_has_role(session_user, v_function.owner, 'member') then
    raise exception using errcode = 'WF265', message = format('only its owner may register %s', v_function.signature),
      detail = format('It belongs to %s; this session is %I.', v_function.owner, session_user), hint = format('Log in as a member of %s.', v_function.owner);
  end if;
  insert into pgwhen.registered_functions (tenant, signature, schema_name, function_name, description, registered_at)
  values (v_tenant, v_function.signature, v_function.nspname, v_function.proname, p_description, pgwhen._now())
  on conflict (tenant, signature) do update
  set description = coalesce(excluded.description, registered_functions.description);
  perform pgwhen._audit('register_function', array[v_function.signature], p_description);
  return jsonb_build_object('function', v_function.signature, 'grants',
    (select coalesce(jsonb_agg(p.value -> 'hint'), '[]') from jsonb_array_elements(pgwhen._check_callable(v_function.oid, '')) p));
end
$$;
comment on function pgwhen.register_function(regprocedure, text) is 'Lets call steps of the tenant call a function; only its owner may.
Returns {function, grants}, grants being what pgwhen_actions still lacks. Registering it again changes the description.';
