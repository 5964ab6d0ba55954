create or replace function pgwhen._masked_address(p_address text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_address like '%@%' then left(p_address, 1) || '***' || substr(p_address, length(p_address) - strpos(reverse(p_address), '@') + 1)
    when length(p_address) > 5 then left(p_address, 3) || '***' || right(p_address, 2) else '***' end
$$;
comment on function pgwhen._masked_address(text) is 'An address as it may be shown to whoever has the link: a***@example.com.';
