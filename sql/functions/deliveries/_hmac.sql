create or replace function pgwhen._hmac(p_verifier jsonb, p_message bytea) returns bytea
language sql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_verifier ->> 'scheme'
    when 'hmac-sha256' then pgwhen._continue_sha256(decode(p_verifier ->> 'outer', 'hex'), 64,
      pgwhen._continue_sha256(decode(p_verifier ->> 'inner', 'hex'), 64, p_message))
    when 'hmac-sha1' then pgwhen._continue_sha1(decode(p_verifier ->> 'outer', 'hex'), 64,
      pgwhen._continue_sha1(decode(p_verifier ->> 'inner', 'hex'), 64, p_message))
    end
$$;
comment on function pgwhen._hmac(jsonb, bytea) is 'HMAC of p_message under the key that the verifier stands for; null for a verifier of another kind.';
