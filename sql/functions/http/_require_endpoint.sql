create or replace function pgwhen._require_endpoint(p_name text, p_for_change boolean default true) returns pgwhen.endpoints
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_endpoint pgwhen.endpoints;
begin
  if p_for_change then
    perform from pgwhen.endpoints e where e.tenant = pgwhen._tenant() and e.name = p_name for no key update;
  end if;
  select * into v_endpoint from pgwhen.endpoints e where e.tenant = pgwhen._tenant() and e.name = p_name;
  if not found then
    raise exception using errcode = 'WF430', message = format('endpoint %s does not exist', coalesce(quote_literal(left(p_name, 100)), 'null')),
      detail = coalesce('Known: ' || (
        select string_agg(e.name, ', ' order by e.name) from pgwhen.endpoints e where e.tenant = pgwhen._tenant()), 'None is known yet.'),
      hint = 'pgwhen endpoints add NAME URL --secret env:VARIABLE';
  end if;
  return v_endpoint;
end
$$;
comment on function pgwhen._require_endpoint(text, boolean) is 'The endpoint of the tenant, locked if it is to be changed; refuses a name that none has.';
