-- One form for what is compared. Providers leave the plus out, people write spaces, and case means nothing in an e-mail address to
-- those who deliver it. What is no address of the channel gives null.
create or replace function pgwhen._plain_address(p_channel text, p_address text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_channel
    when 'email' then (select lower(a.plain) from (select coalesce(substring(trim(p_address) from '<([^<>]*)>$'), trim(p_address)) as plain) a
      where a.plain ~ '^[^@[:space:]<>]+@[^@[:space:]<>]+$')
    when 'sms' then (select '+' || a.digits
      from (select regexp_replace(regexp_replace(p_address, '[[:space:]().+/\u00a0\u202f-]', '', 'g'), '^00', '') as digits) a
      where a.digits ~ '^[1-9][0-9]{2,14}$')
    else nullif(trim(p_address), '') end
$$;
comment on function pgwhen._plain_address(text, text) is 'An address as suppressions and caps compare it; null for what cannot be one.';
