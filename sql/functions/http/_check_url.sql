-- What the poller would refuse each time, as far as the text shows it: a constant, or what stands before the first value. Values within
-- a URL are escaped and bring neither / nor @ where no filter makes them safe, so that x stands for them. A constant without a scheme may
-- be behind a connection's address.
create or replace function pgwhen._check_url(p_url jsonb, p_key text, p_path text, p_may_be_relative boolean) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when jsonb_typeof(p_url) is distinct from 'string' or u.start = '' then '[]'
    when u.start ~* '^https?:' and u.filled ~* '^https?://[^/?#]*@' then
      -- The text is not repeated: it may hold a password.
      pgwhen._problem('WF012', p_path, p_key || ' holds a user name', 'use a header with secret(''env:NAME''), or auth')
    when u.start ~* '^[a-z][a-z0-9+.-]*:' and u.start !~* '^https?:'
      or u.is_constant and u.start ~* '^https?:' and u.start !~* '^https?://[^/?#]'
      or u.is_constant and not p_may_be_relative and u.start !~* '^https?://[^/?#]'
      then pgwhen._problem('WF012', p_path, p_key || ' is not an http or https URL', 'write it like https://example.com/orders')
    else '[]'
    end
  from (select btrim(regexp_replace(p_url #>> '{}', '\{[{%#].*$', ''), E' \t\r\n') as start, p_url #>> '{}' !~ '\{[{%#]' as is_constant,
    btrim(regexp_replace(regexp_replace(p_url #>> '{}', '\{\{[^{}|]*\}\}', 'x', 'g'), '\{[{%#].*$', ''), E' \t\r\n') as filled) u
$$;
comment on function pgwhen._check_url(jsonb, text, text, boolean) is 'Problems with the template of a URL that its constant text shows: another scheme than http and https, no host, a user name.';
