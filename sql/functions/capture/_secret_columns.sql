-- By their names: what is called a password, token, secret or key to something is left out of events unless somebody says
-- otherwise. When a password was changed and whether a token is valid is no secret, and the key of the record has to be known.
create or replace function pgwhen._secret_columns(p_table regclass) returns text[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(array_agg(a.attname::text order by a.attnum), '{}')
  from pg_attribute a
  join pg_type t on t.oid = a.atttypid
  where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped
    and t.typcategory not in ('D', 'B')
    and pgwhen._snake(a.attname) ~ '(^|_)(password|passwd|passphrase|passcode|pwd|secret|token|api_?key|private_?key|secret_?key|access_?key|credential|otp|totp|cvv|cvc|salt)s?(_|$)'
    and a.attname <> all (pgwhen._key_columns(p_table))
$$;
comment on function pgwhen._secret_columns(regclass) is 'Columns whose names say that they hold secrets.';
