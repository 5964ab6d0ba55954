create or replace function pgwhen._other_recipients(p_channel text, p_recipients text[], p_limits jsonb) returns text[]
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select array(
    select r.address from unnest(p_recipients) with ordinality r (address, place)
    where not coalesce(p_limits -> 'without' ? pgwhen._plain_address(p_channel, r.address), false)
    order by r.place)
$$;
comment on function pgwhen._other_recipients(text, text[], jsonb) is 'Recipients but for those that p_limits has in without.';
