-- owner: pgwhen_actions
-- As read_rows, for all rows of a table: a page in key order, from after a key, so that a million rows are never in memory, and
-- the primary key's index serves each page.
create or replace function pgwhen_sandbox.scan_rows(p_table regclass, p_columns text[], p_key_columns text[], p_after jsonb, p_limit integer)
returns setof jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set enable_seqscan = off
set jit = off
as $$
declare
  v_table text;
  v_schema text;
  v_open boolean;
  v_denied boolean;
  v_columns text;
  v_key text;
  v_after text;
begin
  select format('%I.%I', s.nspname, c.relname), quote_ident(s.nspname), has_schema_privilege(s.oid, 'usage')
  into v_table, v_schema, v_open
  from pg_class c join pg_namespace s on s.oid = c.relnamespace
  where c.oid = p_table;
  select bool_or(not has_column_privilege(p_table, a.attnum, 'select')),
    string_agg('t.' || quote_ident(n.name), ', ' order by n.number) filter (where n.name = any (p_columns)),
    string_agg('t.' || quote_ident(n.name), ', ' order by n.place) filter (where n.place is not null),
    string_agg(format('($1 ->> %L)::%s', n.name, format_type(a.atttypid, -1)), ', ' order by n.place) filter (where n.place is not null)
  into v_denied, v_columns, v_key, v_after
  from (
    select distinct on (c.name) c.name, c.number, k.place
    from unnest(p_columns || p_key_columns) with ordinality c (name, number)
    left join unnest(p_key_columns) with ordinality k (name, place) on k.name = c.name
    order by c.name, c.number) n
  join pg_attribute a on a.attrelid = p_table and a.attname = n.name and a.attnum > 0 and not a.attisdropped;
  if v_denied or not v_open then
    raise exception using errcode = 'WF135', message = format('workflows may not read %s', v_table),
      detail = 'They read as the role pgwhen_actions.',
      hint = case when v_open then '' else format('grant usage on schema %s to pgwhen_actions; ', v_schema) end
        || format('grant select on %s to pgwhen_actions;', v_table);
  end if;

  -- Dynamic: names of the application's tables and columns.
  return query execute format('select to_jsonb(r) from (select %s from %s t %s order by %s limit $2) r', v_columns, v_table,
    case when p_after is not null then format('where (%s) > (%s)', v_key, v_after) else '' end, v_key)
  using p_after, p_limit;
end
$$;
comment on function pgwhen_sandbox.scan_rows(regclass, text[], text[], jsonb, integer) is 'The next rows of a table in the order of its key, as JSON with times in UTC.';
