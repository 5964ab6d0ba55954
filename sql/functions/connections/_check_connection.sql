-- A warning: a connection may be added after the workflow, and a poller with it in its environment may be new.
create or replace function pgwhen._check_connection(p_step jsonb, p_tenant text, p_path text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with named (channel, name, path) as (
    select p_step ->> 'type', p_step ->> 'connection', p_path || '.connection' where jsonb_typeof(p_step -> 'connection') = 'string'
    union all
    select n.key, n.value #>> '{}', p_path || '.connections.' || n.key
    from jsonb_each(case jsonb_typeof(p_step -> 'connections') when 'object' then p_step -> 'connections' end) n
    where jsonb_typeof(n.value) = 'string'
  ), visible as (
    select distinct on (c.name) c.name, c.channel from pgwhen.connections c where c.tenant in (p_tenant, 'default') order by c.name, c.tenant = p_tenant desc
  )
  select coalesce(jsonb_agg(p.value order by n.path), '[]')
  from named n
  left join visible v on v.name = n.name
  cross join lateral jsonb_array_elements(case
    when v.name is null then pgwhen._problem('WF408', n.path, format('there is no connection %s yet', pgwhen._quote(to_jsonb(n.name))),
      coalesce('did you mean ' || pgwhen._nearest(n.name, array(select o.name from visible o where o.channel = n.channel)) || '?',
        format('pgwhen connections add %s; without it the step fails', n.name)), 'warning')
    when v.channel <> n.channel then pgwhen._problem('WF408', n.path, format('the connection %s is for %s', n.name, v.channel),
      format('a step of the type %s needs one for %1$s', n.channel), 'warning')
    else '[]' end) p
$$;
comment on function pgwhen._check_connection(jsonb, text, text) is 'Warnings of connections that a step names and the tenant does not have.';
