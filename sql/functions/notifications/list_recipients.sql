create or replace function pgwhen.list_recipients(p_filter jsonb default '{}')
returns table (recipient text, email text, phone text, push text[], chat text, locale text, timezone text, quiet_from time, quiet_to time,
  preferences jsonb, updated_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_column
declare
  v_unknown text := (select min(k) from jsonb_object_keys(p_filter) k where k not in ('recipient', 'address', 'after', 'max'));
begin
  if v_unknown is not null or coalesce(p_filter ->> 'max', '100') !~ '^[1-9][0-9]{0,3}$' then
    raise exception using errcode = 'WF473', message = case when v_unknown is null then format('a page is 1 to 9999 recipients, not %s', p_filter ->> 'max')
        else format('the filter of recipients has no %s', v_unknown) end,
      hint = 'It has recipient, address, after and max.';
  end if;
  return query
    select r.recipient, r.email, r.phone, r.push, r.chat, r.locale, r.timezone, r.quiet_from, r.quiet_to, r.preferences, r.updated_at
    from pgwhen.recipients r
    where r.tenant = pgwhen._tenant()
      and (p_filter ->> 'recipient' is null or r.recipient = p_filter ->> 'recipient')
      and (p_filter ->> 'address' is null or lower(r.email) = lower(p_filter ->> 'address') or r.phone = p_filter ->> 'address'
        or r.chat = p_filter ->> 'address' or p_filter ->> 'address' = any (r.push))
      and (p_filter ->> 'after' is null or r.recipient > p_filter ->> 'after')
    order by r.recipient
    limit coalesce(p_filter ->> 'max', '100')::integer;
end
$$;
comment on function pgwhen.list_recipients(jsonb) is 'Recipients of the tenant''s notifications by name. p_filter may have recipient, address, after (the last name of the page before) and max (100).';
