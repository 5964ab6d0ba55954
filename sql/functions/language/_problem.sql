-- One problem of a definition, as an array, so that functions join what they find with ||.
create or replace function pgwhen._problem(p_code text, p_path text, p_message text, p_hint text default null,
  p_severity text default 'error') returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_array(jsonb_build_object('severity', p_severity, 'code', p_code, 'path', p_path,
    'message', left(p_message, 500), 'hint', left(p_hint, 500)))
$$;
comment on function pgwhen._problem(text, text, text, text, text) is 'A problem of a definition in the form that validate_definition returns.';
