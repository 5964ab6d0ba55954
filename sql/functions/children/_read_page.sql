-- The key is the last order, so that every row has its place, and the next page begins behind it.
create or replace function pgwhen._read_page(p_spec jsonb, p_context jsonb, p_last jsonb, p_size integer) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_relation constant regclass := pgwhen._relation_of(p_spec ->> 'table');
  v_key constant text[] := pgwhen._key_columns(v_relation);
  v_order constant jsonb := coalesce(p_spec -> 'order', '[]') || (
    select coalesce(jsonb_agg(jsonb_build_object('column', k, 'desc', false) order by n), '[]')
    from unnest(v_key) with ordinality e (k, n)
    where not jsonb_path_exists(coalesce(p_spec -> 'order', '[]'), '$[*] ? (@.column == $k)', jsonb_build_object('k', k)));
  v_values jsonb := '[]'::jsonb;
  v_where text;
  v_after text;
begin
  if p_spec ? 'where' then
    select w.p_values, w.clause into v_values, v_where from pgwhen._where_sql(p_spec -> 'where', p_context, v_relation, v_values) w;
  end if;
  if p_last is not null then
    select a.p_values, a.clause into v_values, v_after from pgwhen._after_sql(v_order, p_last, v_relation, v_values) a;
  end if;
  return pgwhen_sandbox.run_statement(
    format('select %s from %s t', (select string_agg(format('t.%I', c), ', ') from unnest(pgwhen._output_columns(v_relation, null)) c),
        pgwhen._table_name(v_relation))
      || coalesce(' where ' || nullif(concat_ws(' and ', '(' || v_where || ')', v_after), ''), '')
      || ' order by ' || (
        select string_agg(format('t.%I%s', o.value ->> 'column', case when o.value -> 'desc' = 'true' then ' desc' else '' end), ', ' order by o.ordinality)
        from jsonb_array_elements(v_order) with ordinality o)
      || format(' limit %s', p_size + 1),
    v_values, '"$user", public', p_size, v_key);
end
$$;
comment on function pgwhen._read_page(jsonb, jsonb, jsonb, integer) is 'The next rows of a table for a loop, behind the row p_last: {rows, count, more}.';
