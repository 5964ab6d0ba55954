-- Lists from another system are long and not clean: what is right counts at once, what is wrong is told by its place.
create or replace function pgwhen.import_suppressions(p_rows jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb;
begin
  if jsonb_typeof(p_rows) is distinct from 'array' then
    raise exception using errcode = 'WF415', message = 'suppressions are imported as a list of objects',
      hint = 'Each has channel, address, reason, and perhaps category, detail and at.';
  end if;
  with given as materialized (
    select r.ordinality as place, r.value ->> 'channel' as channel, r.value ->> 'address' as address,
      pgwhen._plain_address(r.value ->> 'channel', r.value ->> 'address') as plain, coalesce(nullif(r.value ->> 'reason', ''), 'manual') as reason,
      nullif(r.value ->> 'category', '') as category, nullif(r.value ->> 'detail', '') as detail, pgwhen._instant(r.value -> 'at', 'UTC') as at,
      nullif(r.value ->> 'at', '') as at_given
    from jsonb_array_elements(p_rows) with ordinality r
  ), judged as materialized (
    select g.*, case
        when coalesce(g.channel not in ('email', 'sms', 'push', 'chat'), true) then format('%s is not a channel', coalesce(quote_literal(left(g.channel, 100)), 'null'))
        when g.plain is null or length(g.plain) > 4096 then format('%s is not an address of the channel %s', coalesce(quote_literal(left(g.address, 100)), 'null'), g.channel)
        when g.reason not in ('opt_out', 'bounce', 'complaint', 'dead_token', 'manual') then format('%s is not a reason', quote_literal(left(g.reason, 100)))
        when g.category !~ '^[a-z][a-z0-9_]{0,39}$' or g.category = 'transactional' then format('%s is not a category', quote_literal(left(g.category, 100)))
        when g.at_given is not null and g.at is null then format('%s is not a time', quote_literal(left(g.at_given, 100)))
      end as problem
    from given g
  ), written as (
    insert into pgwhen.suppressions (at, tenant, channel, address, category, reason, source, detail)
    select coalesce(j.at, pgwhen._now()), pgwhen._tenant(), j.channel, j.plain, j.category, j.reason, 'import', left(j.detail, 1000)
    from judged j
    where j.problem is null
    order by j.place
    on conflict on constraint there_is_one_of_a_kind do nothing
    returning 1
  )
  select jsonb_build_object('written', (select count(*) from written), 'known', count(*) filter (where j.problem is null) - (select count(*) from written),
    'refused', coalesce(jsonb_agg(jsonb_build_object('row', j.place, 'problem', j.problem) order by j.place) filter (where j.problem is not null), '[]'))
  into v_result
  from judged j;
  perform pgwhen._audit('import_suppressions', array['import'], null, jsonb_build_object('written', v_result -> 'written', 'known', v_result -> 'known',
    'refused', jsonb_array_length(v_result -> 'refused')));
  return v_result;
end
$$;
comment on function pgwhen.import_suppressions(jsonb) is 'Suppresses many addresses of the tenant: a list of {channel, address, reason (manual unless given), category, detail, at}.
Returns {written, known, refused: [{row, problem}]}; rows count from 1, and those that are refused keep none of the others back.';
