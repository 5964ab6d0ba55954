-- The form only: which locales there are the poller's library knows, which takes the language for one that it does not have. What is not
-- of the form would be taken for English, silently. A template is seen when it is rendered.
create or replace function pgwhen._check_locale(p_value jsonb, p_path text) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when jsonb_typeof(p_value) is distinct from 'string' or p_value #>> '{}' ~ '\{[{%#]'
      or p_value #>> '{}' ~ '^\s*[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*\s*$' then '[]'
    else pgwhen._problem('WF012', p_path, format('%s is not a locale', pgwhen._quote(p_value)), 'write it like nl, en or nl_NL')
    end
$$;
comment on function pgwhen._check_locale(jsonb, text) is 'Problems with a constant locale: nl, en, nl_NL and nl-NL are of the form.';
