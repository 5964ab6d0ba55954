-- A poller that does not have an action gives it back while another one has it. Rows are written once a minute.
create or replace function pgwhen._is_announced(p_name text) returns boolean
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select exists (select from pgwhen.registered_actions r where r.name = p_name and r.seen_at > pgwhen._now() - interval '2 minutes')
$$;
comment on function pgwhen._is_announced(text) is 'Whether a poller that lives has announced a custom action.';
