-- One row more than asked for says whether there are more. The key is the last order, so that a page is always the same page.
create or replace function pgwhen._query_rows(p_spec jsonb, p_context jsonb, p_search_path text) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_relation constant regclass := pgwhen._relation_of(p_spec ->> 'table');
  v_key constant text[] := pgwhen._key_columns(v_relation);
  v_one constant boolean := coalesce((p_spec ->> 'one')::boolean, false);
  v_limit constant integer := case when v_one then 1 else coalesce((p_spec ->> 'limit')::integer, 1000) end;
  v_values jsonb := '[]'::jsonb;
  v_where text;
  v_order text;
  v_found jsonb;
begin
  if p_spec ? 'where' then
    select w.p_values, w.clause into v_values, v_where from pgwhen._where_sql(p_spec -> 'where', p_context, v_relation, v_values) w;
  end if;
  select string_agg(o.item, ', ' order by o.n) into v_order
  from (
    select format('t.%I%s', e.value ->> 'column', case when e.value -> 'desc' = 'true' then ' desc' else '' end) as item, e.ordinality as n
    from jsonb_array_elements(coalesce(p_spec -> 'order', '[]')) with ordinality e
    union all
    select format('t.%I', k), 1000 + n from unnest(v_key) with ordinality k (k, n)
    where not jsonb_path_exists(coalesce(p_spec -> 'order', '[]'), '$[*] ? (@.column == $k)', jsonb_build_object('k', k))
  ) o;
  v_found := pgwhen_sandbox.run_statement(
    format('select %s from %s t', (select string_agg(format('t.%I', c), ', ') from unnest(pgwhen._output_columns(v_relation, p_spec -> 'columns')) c),
        pgwhen._table_name(v_relation))
      || coalesce(' where ' || v_where, '') || coalesce(' order by ' || v_order, '') || format(' limit %s', v_limit + 1),
    v_values, p_search_path, v_limit, v_key);
  return case when v_one then v_found -> 'rows' -> 0 else v_found end;
end
$$;
comment on function pgwhen._query_rows(jsonb, jsonb, text) is 'Performs a query step: {rows, count, more}, or the row.';
