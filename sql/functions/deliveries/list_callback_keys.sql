create or replace function pgwhen.list_callback_keys()
returns table (connection text, provider text, fingerprint text, scheme text, made_at timestamptz, made_by text)
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select k.connection, k.provider, k.fingerprint, k.verifier ->> 'scheme', k.made_at, k.made_by
  from pgwhen.callback_keys k
  where k.tenant = pgwhen._tenant()
  order by k.connection, k.made_at desc, k.fingerprint
$$;
comment on function pgwhen.list_callback_keys() is 'Keys that the tenant''s callbacks are verified with, without the keys themselves.';
