-- What is held for a connection of the tenant, and where it is the common one, for tenants that have none of that name.
create or replace function pgwhen._release_connection(p_tenant text, p_name text) returns integer
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._release_held(array(
    select (h.execution_id, h.step_id, h.part)::pgwhen.held_ref from pgwhen.held h
    where h.connection = p_name
      and (h.tenant = p_tenant or p_tenant = 'default' and not exists (
        select from pgwhen.connections c where c.tenant = h.tenant and c.name = p_name))))
$$;
comment on function pgwhen._release_connection(text, text) is 'Puts what a connection held back into the queue; returns how many.';
