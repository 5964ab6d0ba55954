-- Called when a poller is noted, every ten seconds at most; a row is written when it says something new, or once a minute. What a
-- poller of the past announced goes when another one has announced it since, or after a month: until then it is known what it took.
create or replace function pgwhen._see_actions(p_poller jsonb) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
begin
  if jsonb_typeof(p_poller -> 'actions') is distinct from 'array' or p_poller -> 'actions' = '[]' then
    return;
  end if;
  with seen as (
    insert into pgwhen.registered_actions (name, poller_id, seen_at, schema, description)
    select distinct on (a.name) a.name, coalesce(p_poller ->> 'id', 'unnamed'), v_now, a.schema, a.description
    from jsonb_to_recordset(p_poller -> 'actions') as a (name text, schema jsonb, description text)
    where a.name is not null and jsonb_typeof(a.schema) = 'object'
    order by a.name
    on conflict (name, poller_id) do update
    set seen_at = excluded.seen_at, schema = excluded.schema, description = excluded.description
    where registered_actions.schema <> excluded.schema or registered_actions.description is distinct from excluded.description
      or registered_actions.seen_at < excluded.seen_at - interval '1 minute'
    returning name
  )
  delete from pgwhen.registered_actions r
  where exists (select from seen) and r.poller_id <> coalesce(p_poller ->> 'id', 'unnamed') and (r.seen_at < v_now - interval '30 days'
    or r.seen_at < v_now - interval '1 hour' and exists (select from seen s where s.name = r.name));
end
$$;
comment on function pgwhen._see_actions(jsonb) is 'Notes which custom actions a poller can perform: {id, actions: [{name, schema, description}]}.';
