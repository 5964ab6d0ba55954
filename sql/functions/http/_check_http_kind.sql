-- The parts of an http step that are objects of their own. What a test of an answer says is fixed; credentials are templates.
create or replace function pgwhen._check_http_kind(p_kind text, p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is constant text := jsonb_typeof(p_value);
begin
  return case p_kind
    when 'redirects' then case when v_is = 'number' and p_value #>> '{}' ~ '^([0-9]|10)$' then '[]'
      else pgwhen._problem('WF002', p_path, format('%s is not a whole number from 0 to 10', pgwhen._quote(p_value))) end
    when 'expect' then case when v_is = 'object' then pgwhen._check_expect(p_value, p_path) else pgwhen._check_statuses(p_value, p_path) end
    when 'auth' then pgwhen._check_auth(p_value, p_path)
  end;
end
$$;
comment on function pgwhen._check_http_kind(text, jsonb, text) is 'Problems with auth, expect or redirects of a request.';
