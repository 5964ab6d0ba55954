-- Both secrets count for a while: receivers take a webhook that either of them has signed.
create or replace function pgwhen.rotate_endpoint(p_name text, p_secret text, p_overlap interval default '24 hours') returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_endpoint pgwhen.endpoints := pgwhen._require_endpoint(p_name);
  v_secrets jsonb;
begin
  perform pgwhen._check_secret_reference(p_secret);
  if p_overlap is null or p_overlap < interval '0' or p_overlap > interval '30 days' then
    raise exception using errcode = 'WF435', message = format('%s is not the time that a secret stays valid beside its successor', coalesce(p_overlap::text, 'null')),
      hint = 'From 0 to 30 days; 24 hours unless given.';
  elsif v_endpoint.secrets -> 0 ->> 'reference' = p_secret then
    raise exception using errcode = 'WF435', message = format('%s is the secret of endpoint %s already', p_secret, p_name),
      hint = 'Put the new secret under another name, so that both can sign for a while.';
  end if;
  -- Each entry at most once: what comes back leaves its old place.
  select jsonb_build_array(jsonb_build_object('reference', p_secret, 'added_at', v_now, 'expires_at', null)) || coalesce(jsonb_agg(
      s.entry || jsonb_build_object('expires_at', least((s.entry ->> 'expires_at')::timestamptz, v_now + p_overlap)) order by s.place), '[]')
  into v_secrets
  from jsonb_array_elements(v_endpoint.secrets) with ordinality s (entry, place)
  where s.entry ->> 'reference' <> p_secret and least((s.entry ->> 'expires_at')::timestamptz, v_now + p_overlap) > v_now;
  update pgwhen.endpoints e
  set secrets = v_secrets, updated_at = v_now
  where e.tenant = v_endpoint.tenant and e.name = p_name;
  perform pgwhen._audit('rotate_endpoint', array[p_name], null, jsonb_build_object('overlap', p_overlap));
  return v_secrets;
end
$$;
comment on function pgwhen.rotate_endpoint(text, text, interval) is 'Gives an endpoint a new secret; webhooks are signed with the old one too for p_overlap. Returns what counts then, the newest first: [{reference, added_at, expires_at}].';
