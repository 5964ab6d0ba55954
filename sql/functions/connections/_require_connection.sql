-- A connection is known once it was added, or a poller that has it has called.
create or replace function pgwhen._require_connection(p_name text) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if not exists (select from pgwhen.connections c where c.tenant = pgwhen._tenant() and c.name = p_name) then
    raise exception using errcode = 'WF201', message = format('connection %s does not exist', coalesce(quote_literal(p_name), 'null')),
      detail = coalesce('Known: ' || (
        select string_agg(c.name, ', ' order by c.name) from pgwhen.connections c where c.tenant = pgwhen._tenant()), 'None is known yet.'),
      hint = 'pgwhen connections add defines one; one from a poller''s environment is known once that poller has run.';
  end if;
end
$$;
comment on function pgwhen._require_connection(text) is 'Refuses a name that no connection of the tenant has.';
