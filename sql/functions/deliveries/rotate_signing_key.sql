-- Old keys go on verifying: links live in mailboxes for years.
create or replace function pgwhen.rotate_signing_key(p_reason text default null) returns integer
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_id integer;
begin
  if pgwhen._tenant() <> 'default' then
    raise exception using errcode = 'WF467', message = format('tenant %s wants to change the key of all tenants', pgwhen._tenant()),
      hint = 'Ask an operator of the tenant default.';
  end if;
  insert into pgwhen.signing_keys (key, made_at, made_by)
  values (sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), 'UTF8')), pgwhen._now(),
    coalesce(pgwhen._actor(), session_user))
  returning key_id into v_id;
  perform pgwhen._audit('rotate_signing_key', array[v_id::text], p_reason);
  return v_id;
end
$$;
comment on function pgwhen.rotate_signing_key(text) is 'Makes a new key for unsubscribe links; links under older keys go on working. Returns its number. Raises WF467.';
