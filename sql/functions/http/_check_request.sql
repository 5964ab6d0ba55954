-- What the poller refuses of a request whatever its values are, said at publish in the poller's words (poller/channels/http.py).
create or replace function pgwhen._check_request(p_step jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_own constant text[] := array['connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer',
    'transfer-encoding', 'upgrade'];
  v_problems jsonb := pgwhen._check_url(p_step -> 'url', 'url', p_path || '.url', true)
    || pgwhen._check_url(p_step #> '{auth,oauth2,token_url}', 'token_url', p_path || '.auth.oauth2.token_url', false);
  v_name text;
begin
  for v_name in select k from jsonb_object_keys(case jsonb_typeof(p_step -> 'headers') when 'object' then p_step -> 'headers' else '{}' end) k loop
    v_problems := v_problems || case
      when lower(v_name) = any (c_own) then pgwhen._problem('WF012', p_path || '.headers.' || v_name,
        format('%s cannot be set', pgwhen._quote(to_jsonb(v_name))), 'leave it out: it follows from the URL and the body')
      when lower(v_name) = 'authorization' and p_step ? 'auth' then pgwhen._problem('WF014', p_path || '.headers.' || v_name,
        'auth and the header Authorization are both given')
      when lower(v_name) = 'content-type' and p_step ? 'multipart' then pgwhen._problem('WF014', p_path || '.headers.' || v_name,
        format('%s cannot be set with multipart, whose boundary it holds', pgwhen._quote(to_jsonb(v_name))))
      else '[]' end;
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_request(jsonb, text) is 'Problems with the addresses and headers of an http step that no value can mend.';
