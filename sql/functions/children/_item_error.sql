create or replace function pgwhen._item_error(p_status text, p_reason text, p_error jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(p_error, jsonb_build_object('code', p_status, 'message', coalesce(p_reason, p_status)))
$$;
comment on function pgwhen._item_error(text, text, jsonb) is 'Why a child did not complete: code, message and, where one failed, step.';
