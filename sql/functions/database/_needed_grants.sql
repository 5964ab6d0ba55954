-- Columns count: what is granted on them is enough. Reading needs the key (or any one column where there is none), what where and order
-- compare, and what is asked for; the rest of a row is given back as far as it may be read.
create or replace function pgwhen._needed_grants(p_type text, p_compiled jsonb, p_relation oid) returns text[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_role constant text := 'pgwhen_actions';
  v_table constant text := pgwhen._table_name(p_relation);
  v_schema record;
  v_update constant jsonb := p_compiled -> 'update';
  v_reads text[];
  v_writes text[];
  v_excluded text[] := array(select jsonb_array_elements_text(p_compiled -> 'on_conflict'));
  v_missing text[] := '{}'::text[];
  v_grants text[] := '{}'::text[];
begin
  select n.oid, n.nspname into v_schema from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p_relation;
  v_writes := array(select jsonb_object_keys(coalesce(p_compiled -> 'set', '{}')) union select jsonb_object_keys(e) from jsonb_path_query(p_compiled, 'lax $.rows.each[*]') e);
  v_reads := pgwhen._key_columns(p_relation) || v_excluded
    || array(select l ->> 1 from jsonb_path_query(p_compiled -> 'where', 'strict $.**.left') l)
    || array(select jsonb_array_elements_text(p_compiled -> 'columns'))
    || array(select o #>> '{}' from jsonb_path_query(p_compiled, 'lax $.order[*].column') o);
  v_excluded := case jsonb_typeof(v_update) when 'object' then array(select jsonb_object_keys(v_update))
    when 'array' then array(select jsonb_array_elements_text(v_update)) when 'boolean' then array(select c from unnest(v_writes) c where c <> all (v_excluded)) else '{}' end;
  v_reads := v_reads || v_excluded;

  if not has_schema_privilege(c_role, v_schema.oid, 'usage') then
    v_grants := array[format('grant usage on schema %I to pgwhen_actions', v_schema.nspname)];
  end if;
  if exists (select from unnest(v_reads) c where not has_column_privilege(c_role, p_relation, c, 'select'))
    or not has_any_column_privilege(c_role, p_relation, 'select') then
    v_missing := v_missing || 'select'::text;
  end if;
  if p_type = 'create' and (not has_any_column_privilege(c_role, p_relation, 'insert')
    or exists (select from unnest(v_writes) c where not has_column_privilege(c_role, p_relation, c, 'insert'))) then
    v_missing := v_missing || 'insert'::text;
  end if;
  if exists (select from unnest(case p_type when 'update' then v_writes else v_excluded end) c where not has_column_privilege(c_role, p_relation, c, 'update')) then
    v_missing := v_missing || 'update'::text;
  end if;
  if p_type = 'delete' and not has_table_privilege(c_role, p_relation, 'delete') then
    v_missing := v_missing || 'delete'::text;
  end if;
  if v_missing <> '{}' then
    v_grants := v_grants || format('grant %s on %s to pgwhen_actions', array_to_string(v_missing, ', '), v_table);
  end if;
  -- A serial column takes its default from a sequence, with the rights of whoever inserts.
  return v_grants || array(
    select distinct format('grant usage on sequence %I.%I to pgwhen_actions', n.nspname, s.relname)
    from pg_attrdef d
    join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
    join pg_depend p on p.classid = 'pg_attrdef'::regclass and p.objid = d.oid and p.refclassid = 'pg_class'::regclass
    join pg_class s on s.oid = p.refobjid
    join pg_namespace n on n.oid = s.relnamespace
    where p_type = 'create' and d.adrelid = p_relation and a.attname <> all (v_writes)
      -- In a case, so that nothing else than a sequence is asked about.
      and case s.relkind when 'S' then not has_sequence_privilege(c_role, s.oid, 'usage') else false end);
end
$$;
comment on function pgwhen._needed_grants(text, jsonb, oid) is 'GRANTs that a database step lacks.';
