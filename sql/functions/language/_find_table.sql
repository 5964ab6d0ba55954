-- A table that a trigger names: an attachment of the tenant by table name or schema.table, schema public first. What is not
-- attached is looked up all the same, so that the rest of the definition can be checked.
create or replace function pgwhen._find_table(p_name text, p_tenant text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_found record;
  v_count integer := 0;
  v_result jsonb;
  v_names text[] := '{}'::text[];
begin
  for v_found in
    select a.*, coalesce(pgwhen._relation_named(a.schema_name, a.table_name), pgwhen._attachment_relation(a.attachment_id)) as relation
    from pgwhen.attachments a
    where a.detached_at is null and a.tenant = p_tenant and p_name in (a.table_name, a.schema_name || '.' || a.table_name)
    order by a.schema_name = 'public' desc, a.attachment_id
  loop
    v_count := v_count + 1;
    v_names := v_names || format('%s.%s', v_found.schema_name, v_found.table_name);
    if v_count = 1 then
      v_result := jsonb_build_object('attachment', v_found.attachment_id, 'relation', v_found.relation::oid::bigint, 'alias', v_found.alias,
        'table', v_names[1], 'excluded', to_jsonb(v_found.excluded_columns), 'is_keyless', v_found.key_columns = '{}');
    end if;
  end loop;
  if v_count > 1 and v_names[1] not like 'public.%' then
    return v_result || jsonb_build_object('problem', jsonb_build_object('code', 'WF018', 'message', format('%s is ambiguous', p_name),
      'hint', 'write ' || array_to_string(v_names, ' or ')));
  elsif v_result ->> 'relation' is not null then
    return v_result;
  end if;

  v_count := 0;
  v_names := '{}';
  for v_found in
    select c.oid::bigint as oid, c.relkind, n.nspname, c.relname, (select a.tenant from pgwhen.attachments a
      where a.schema_name = n.nspname and a.table_name = c.relname and a.detached_at is null) as tenant
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where p_name in (c.relname, n.nspname || '.' || c.relname) and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and n.nspname not in ('pg_catalog', 'information_schema', 'pgwhen', 'pgmq', 'pg_toast') and n.nspname !~ '^pg_temp'
    order by n.nspname = 'public' desc, n.nspname
  loop
    v_count := v_count + 1;
    v_names := v_names || format('%s.%s', v_found.nspname, v_found.relname);
    continue when v_count > 1;
    v_result := jsonb_build_object('relation', v_found.oid, 'alias', pgwhen._singular(v_found.relname), 'table', v_names[1], 'excluded', '[]'::jsonb,
      'problem', jsonb_build_object('code', 'WF015', 'message', case
          when v_found.relkind in ('v', 'm', 'f') then format('%s is a %s: only tables have events', p_name,
            case v_found.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'foreign table' end)
          when v_found.tenant is not null then format('the events of %s belong to the tenant %s', p_name, v_found.tenant)
          else format('the table %s is not attached', p_name) end,
        'hint', case when v_found.relkind in ('r', 'p') and v_found.tenant is null then
          'pgwhen attach ' || case when v_found.nspname = 'public' then v_found.relname else v_names[1] end end));
  end loop;
  if v_count > 1 and v_names[1] not like 'public.%' then
    return v_result || jsonb_build_object('problem', jsonb_build_object('code', 'WF018', 'message', format('%s is ambiguous', p_name),
      'hint', 'write ' || array_to_string(v_names, ' or ')));
  elsif v_count > 0 then
    return v_result;
  end if;
  return jsonb_build_object('relation', null, 'alias', pgwhen._singular(regexp_replace(p_name, '^.*\.', '')), 'table', p_name, 'excluded', '[]'::jsonb,
    'problem', jsonb_build_object('code', 'WF015', 'message', format('there is no table %s', left(p_name, 100)),
      'hint', 'did you mean ' || pgwhen._nearest(p_name, array(select a.table_name from pgwhen.attachments a where a.detached_at is null and a.tenant = p_tenant)
        || array(select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p') and n.nspname = 'public')) || '?'));
end
$$;
comment on function pgwhen._find_table(text, text) is 'The table that a name in a definition means, with what is wrong with it.';
