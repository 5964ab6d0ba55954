create or replace function pgwhen._explain_subscribers(p_attachment_id integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object('workflow', w.workflow, 'status', w.status, 'version', w.active_version, 'text', s.text) order by w.workflow), '[]')
  from pgwhen.workflows w
  cross join lateral (
    select string_agg(format('fires when a row is %s%s%s%s', pgwhen._operation_words(t.operations),
        ' and ' || array_to_string(t.columns, ' or ') || ' changed',
        case when t.becomes is not null then ' and becomes ' || (
          select string_agg(l.source #>> '{}', ', ') from jsonb_path_query(t.becomes, 'strict $.**.source') l (source)) end,
        case when t.condition is not null then ' and ' || (
          select string_agg(l.source #>> '{}', ', ') from jsonb_path_query(t.condition, 'strict $.**.source') l (source)) end)
      || case when t.enabled then '' else ' (switched off)' end, '; ' order by t.trigger_no) as text
    from pgwhen.triggers t
    where t.workflow_id = w.workflow_id and t.version = w.active_version and t.attachment_id = p_attachment_id
  ) s
  where s.text is not null
$$;
comment on function pgwhen._explain_subscribers(integer) is 'Workflows with a trigger on an attached table, each with what fires it.';
