-- Written by commands, by reports of the pollers and by callbacks of providers. The same again changes nothing, so that since when
-- stays true.
create or replace function pgwhen._suppress(p_tenant text, p_channel text, p_address text, p_category text, p_reason text, p_source text,
  p_detail text default null) returns boolean
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with written as (
    insert into pgwhen.suppressions (at, tenant, channel, address, category, reason, source, detail)
    select pgwhen._now(), p_tenant, p_channel, a.address, nullif(p_category, ''), p_reason, p_source, left(p_detail, 1000)
    from (select pgwhen._plain_address(p_channel, p_address) as address) a
    where a.address is not null
    on conflict on constraint there_is_one_of_a_kind do nothing
    returning 1
  )
  select exists (select from written)
$$;
comment on function pgwhen._suppress(text, text, text, text, text, text, text) is 'Writes a suppression; false where it was there already, or the address cannot be one. p_category null is all.
p_reason is opt_out, bounce, complaint, dead_token or manual; p_source says who or what it comes from, p_detail (text) what was said.';
