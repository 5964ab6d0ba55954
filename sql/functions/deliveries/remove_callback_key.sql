create or replace function pgwhen.remove_callback_key(p_connection text, p_fingerprint text default null, p_reason text default null) returns integer
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_removed text[];
begin
  with removed as (
    delete from pgwhen.callback_keys k
    where k.tenant = pgwhen._tenant() and k.connection = p_connection and (p_fingerprint is null or k.fingerprint = p_fingerprint)
    returning k.fingerprint
  )
  select array_agg(r.fingerprint) into v_removed from removed r;
  if v_removed is null then
    raise exception using errcode = 'WF460', message = format('connection %s has no such key for callbacks', coalesce(quote_literal(p_connection), 'null')),
      hint = 'pgwhen deliveries keys lists them.';
  end if;
  perform pgwhen._audit('remove_callback_key', array[p_connection], p_reason, jsonb_build_object('fingerprints', v_removed));
  return cardinality(v_removed);
end
$$;
comment on function pgwhen.remove_callback_key(text, text, text) is 'Removes a key for callbacks, by its fingerprint, or all of a connection: what is signed by it is refused from then on. Returns how many. Raises WF460.';
