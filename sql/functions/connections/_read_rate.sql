-- Providers state their limits in such words, and they differ between accounts: none is assumed.
create or replace function pgwhen._read_rate(p_text text, out rate_limit integer, out rate_seconds double precision)
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_parts constant text[] := regexp_match(lower(trim(p_text)), '^([1-9]\d{0,6})\s+per\s+(?:([1-9]\d{0,4})\s+)?(second|minute|hour|day)s?$');
begin
  if v_parts is null then
    raise exception using errcode = 'WF402', message = format('%s is not a rate', left(quote_literal(p_text), 100)),
      hint = 'Write it like 10 per second, 600 per minute or 1 per 2 seconds.';
  end if;
  rate_limit := v_parts[1]::integer;
  rate_seconds := coalesce(v_parts[2]::integer, 1) * case v_parts[3] when 'second' then 1 when 'minute' then 60 when 'hour' then 3600 else 86400 end;
end
$$;
comment on function pgwhen._read_rate(text) is 'Messages and seconds of a rate such as 600 per minute. Raises WF402.';
