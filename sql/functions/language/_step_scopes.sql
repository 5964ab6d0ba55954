-- Messages to people share a few keys.
create or replace function pgwhen._step_scopes(p_type text) returns text[]
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_type in ('email', 'sms', 'push', 'chat') then array['step', 'message', p_type] else array['step', p_type] end
$$;
comment on function pgwhen._step_scopes(text) is 'Scopes of the language whose keys a step of a type may have, the more special last.';
