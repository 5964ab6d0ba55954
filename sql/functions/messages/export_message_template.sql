create or replace function pgwhen.export_message_template(p_message text, p_version integer default null) returns jsonb
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('message', t.message, 'version', t.version, 'shared', t.tenant <> pgwhen._tenant(), 'definition', t.definition,
    'source', t.source, 'applied_at', t.applied_at, 'applied_by', t.applied_by)
  from pgwhen._require_message(p_message, p_version) t
$$;
comment on function pgwhen.export_message_template(text, integer) is 'A stored template, in its newest version unless p_version says another: definition, and its source text where there is one. Errors: WF455.';
