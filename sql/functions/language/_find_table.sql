-- A table that a trigger names, by table name or schema.table: what is attached for the tenant goes first, schema public before
-- others. Attachments are found by their triggers, which a rename does not change. What is not attached is looked up all the
-- same, so that the rest of the definition can be checked.
create or replace function pgwhen._find_table(p_name text, p_tenant text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_found record;
  v_result jsonb;
  v_names text[] := '{}'::text[];
  v_first record;
begin
  for v_found in
    select c.oid as relation, c.relkind, c.relname, n.nspname, format('%I.%I', n.nspname, c.relname) as name,
      a.attachment_id, a.alias,
      a.tenant, a.excluded_columns, a.key_columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    left join lateral pgwhen._attachment_of(c.oid) a on true
    where p_name in (c.relname, n.nspname || '.' || c.relname) and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and n.nspname not in ('pg_catalog', 'information_schema', 'pgwhen', 'pgmq', 'pg_toast') and n.nspname !~ '^pg_temp'
    order by a.tenant is not distinct from p_tenant desc, n.nspname = 'public' desc, n.nspname
  loop
    if v_first is null then
      v_first := v_found;
    end if;
    if (v_found.tenant is not distinct from p_tenant) = (v_first.tenant is not distinct from p_tenant) then
      v_names := v_names || v_found.name;
    end if;
  end loop;
  if v_first is null then
    return jsonb_build_object('relation', null, 'alias', pgwhen._singular(regexp_replace(p_name, '^.*\.', '')), 'table', p_name,
      'excluded', '[]'::jsonb,
      'problem', jsonb_build_object('code', 'WF015', 'message', format('there is no table %s', left(p_name, 100)),
        'hint', 'did you mean ' || pgwhen._nearest(p_name, pgwhen._tables_to_name(p_tenant)) || '?'));
  end if;

  v_result := jsonb_build_object('relation', v_first.relation::bigint, 'table', v_first.name);
  if v_first.tenant is not distinct from p_tenant then
    v_result := v_result || jsonb_build_object('attachment', v_first.attachment_id, 'alias', v_first.alias, 'excluded',
      to_jsonb(v_first.excluded_columns),
      'is_keyless', v_first.key_columns = '{}');
  else
    v_result := v_result || jsonb_build_object('alias', pgwhen._singular(v_first.relname), 'excluded', '[]'::jsonb,
      'problem', jsonb_build_object('code', 'WF015', 'message', case
          when v_first.relkind in ('v', 'm', 'f') then format('%s is a %s: only tables have events', p_name,
            case v_first.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'foreign table' end)
          when v_first.tenant is not null then format('the events of %s belong to the tenant %s', p_name, v_first.tenant)
          else format('the table %s is not attached', p_name) end,
        'hint', case when v_first.relkind in ('r', 'p') and v_first.tenant is null then
          'pgwhen attach ' || case when v_first.nspname = 'public' then quote_ident(v_first.relname) else v_first.name end end));
  end if;
  if cardinality(v_names) > 1 and v_first.nspname <> 'public' then
    v_result := v_result || jsonb_build_object('problem',
      jsonb_build_object('code', 'WF018', 'message', format('%s is ambiguous', p_name),
      'hint', 'write ' || array_to_string(v_names, ' or ')));
  end if;
  return v_result;
end
$$;
comment on function pgwhen._find_table(text, text) is 'The table that a name in a definition means, with what is wrong with it.';
