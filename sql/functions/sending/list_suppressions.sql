create or replace function pgwhen.list_suppressions(p_filter jsonb default '{}')
returns table (suppression_id bigint, at timestamptz, channel text, address text, category text, reason text, source text, detail text)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  v_unknown text := (select min(k) from jsonb_object_keys(p_filter) k where k not in ('channel', 'address', 'category', 'reason', 'source', 'since', 'before', 'max'));
  v_since timestamptz := pgwhen._instant(p_filter -> 'since', 'UTC');
  v_max text := coalesce(p_filter ->> 'max', '100');
begin
  if v_unknown is not null then
    raise exception using errcode = 'WF414', message = format('the filter of suppressions has no %s', v_unknown),
      hint = 'It has channel, address, category, reason, source, since, before and max.';
  elsif p_filter ->> 'since' is not null and v_since is null then
    raise exception using errcode = 'WF414', message = 'since of the filter of suppressions is not a time', hint = 'Write it like 2026-11-21 12:00+01, or now - 2 hours.';
  elsif v_max !~ '^[0-9]{1,5}$' or v_max::integer not between 1 and 10000 then
    raise exception using errcode = 'WF414', message = format('a page is 1 to 10000 suppressions, not %s', left(v_max, 100)),
      hint = 'Leave max out for the default of 100.';
  elsif coalesce(p_filter ->> 'before', '1') !~ '^[0-9]{1,18}$' then
    raise exception using errcode = 'WF414', message = 'before of the filter of suppressions is not a suppression_id', hint = 'It is that of the last row of the page before.';
  end if;
  return query
    select s.suppression_id, s.at, s.channel, s.address, s.category, s.reason, s.source, s.detail
    from pgwhen.suppressions s
    where s.tenant = pgwhen._tenant()
      and (p_filter ->> 'channel' is null or s.channel = p_filter ->> 'channel')
      and (p_filter ->> 'address' is null or s.address = pgwhen._plain_address(s.channel, p_filter ->> 'address'))
      and (p_filter ->> 'category' is null or s.category = p_filter ->> 'category')
      and (p_filter ->> 'reason' is null or s.reason = p_filter ->> 'reason')
      and (p_filter ->> 'source' is null or s.source = p_filter ->> 'source')
      and (v_since is null or s.at >= v_since)
      and (p_filter ->> 'before' is null or s.suppression_id < (p_filter ->> 'before')::bigint)
    order by s.suppression_id desc
    limit v_max::integer;
end
$$;
comment on function pgwhen.list_suppressions(jsonb) is 'Suppressed addresses of the tenant, the latest first.
p_filter may have channel, address, category, reason, source, since, before (suppression_id: the next page) and max (100). Raises WF414.';
