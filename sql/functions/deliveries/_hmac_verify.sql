create or replace function pgwhen._hmac_verify(p_verifier jsonb, p_message bytea, p_signature bytea) returns boolean
language sql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._same_bytes(p_signature, pgwhen._hmac(p_verifier, p_message))
$$;
comment on function pgwhen._hmac_verify(jsonb, bytea, bytea) is 'Whether p_signature is the HMAC of p_message under the key that the verifier stands for.';
