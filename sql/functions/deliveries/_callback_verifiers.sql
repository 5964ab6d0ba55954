create or replace function pgwhen._callback_verifiers(p_connection text, p_provider text) returns jsonb[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant constant text := pgwhen._tenant();
  v_keys constant jsonb[] := array(
    select k.verifier from pgwhen.callback_keys k
    where k.tenant = v_tenant and k.connection = p_connection and k.provider = p_provider order by k.made_at desc);
begin
  if v_keys = '{}' then
    raise exception using errcode = 'WF460',
      message = format('connection %s has no key for callbacks of %s', coalesce(quote_literal(left(p_connection, 100)), 'null'), p_provider),
      detail = coalesce('It has one for callbacks of ' || (
        select string_agg(distinct k.provider, ', ') from pgwhen.callback_keys k where k.tenant = v_tenant and k.connection = p_connection) || '.',
        format('Tenant %s has keys for: %s.', v_tenant, coalesce((
          select string_agg(distinct k.connection, ', ') from pgwhen.callback_keys k where k.tenant = v_tenant), 'no connection'))),
      hint = 'pgwhen deliveries key CONNECTION --secret env:NAME (or --public-key TEXT) makes one.';
  end if;
  return v_keys;
end
$$;
comment on function pgwhen._callback_verifiers(text, text) is 'What callbacks of a connection of the tenant are verified with, the newest first. Raises WF460.';
