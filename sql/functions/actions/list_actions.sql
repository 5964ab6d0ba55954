-- The same for all tenants: pollers perform for all of them.
create or replace function pgwhen.list_actions()
returns table (name text, description text, schema jsonb, pollers text[], seen_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select distinct on (r.name) r.name, r.description, r.schema, array(
    select p.poller_id from pgwhen.registered_actions p
    where p.name = r.name and p.seen_at > pgwhen._now() - interval '2 minutes'
    order by p.poller_id), r.seen_at
  from pgwhen.registered_actions r
  order by r.name, r.seen_at desc, r.poller_id
$$;
comment on function pgwhen.list_actions() is 'Custom actions that pollers have announced, with the JSON Schema of their parameters and the pollers that have them now.
seen_at is when one last announced it; an action without pollers cannot be performed at present.';
