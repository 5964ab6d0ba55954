-- One way to authenticate. Its texts are templates like those of headers; only those may name secrets.
create or replace function pgwhen._check_auth(p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_ways constant jsonb := jsonb '{"bearer": {}, "basic": {"user": true, "password": true},
    "oauth2": {"token_url": true, "client_id": true, "client_secret": true, "scope": false, "audience": false}}';
  v_way text := (select min(k) from jsonb_object_keys(case when jsonb_typeof(p_value) = 'object' then p_value else '{}' end) k);
  v_given jsonb := p_value -> v_way;
  v_keys constant jsonb := c_ways -> v_way;
  v_path constant text := p_path || '.' || v_way;
  v_problems jsonb;
begin
  if jsonb_typeof(p_value) is distinct from 'object' or p_value = '{}' or p_value - v_way <> '{}' then
    return pgwhen._problem('WF002', p_path, 'auth is one of {bearer}, {basic} and {oauth2}', 'write {bearer: "{{ secret(''env:CRM_TOKEN'') }}"}');
  elsif v_keys is null then
    return pgwhen._problem('WF003', v_path, format('auth has no key %s', pgwhen._quote(to_jsonb(v_way))), 'it has bearer, basic and oauth2');
  elsif v_keys = '{}' then
    return pgwhen._check_kind('template', v_given, v_path);
  elsif jsonb_typeof(v_given) is distinct from 'object' then
    return pgwhen._problem('WF002', v_path, format('%s is an object, not %s', v_way, pgwhen._quote(v_given)),
      'it has ' || (select string_agg(k, ', ') from jsonb_object_keys(v_keys) k));
  end if;
  select coalesce(jsonb_agg(problem), '[]') into v_problems
  from jsonb_each(v_given) g
  cross join lateral jsonb_array_elements(case
    when v_keys ? g.key then pgwhen._check_kind('template', g.value, v_path || '.' || g.key)
    else pgwhen._problem('WF003', v_path || '.' || g.key, format('%s has no key %s', v_way, pgwhen._quote(to_jsonb(g.key))),
      'it has ' || (select string_agg(k, ', ') from jsonb_object_keys(v_keys) k)) end) problem;
  return v_problems || coalesce((
    select jsonb_agg(problem)
    from jsonb_each(v_keys) k
    cross join lateral jsonb_array_elements(pgwhen._problem('WF005', v_path, format('%s needs %s', v_way, k.key))) problem
    where k.value = 'true' and not v_given ? k.key), '[]');
end
$$;
comment on function pgwhen._check_auth(jsonb, text) is 'Problems with the authentication of a request: {bearer}, {basic: {user, password}} or {oauth2: {token_url, client_id, client_secret, scope, audience}}.';
