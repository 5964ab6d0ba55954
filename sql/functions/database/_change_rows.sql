-- Beyond max nothing is changed. The count before keeps a condition that meets far too much from writing it all first; the count
-- after is the one that decides.
create or replace function pgwhen._change_rows(p_type text, p_spec jsonb, p_context jsonb, p_search_path text) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_relation constant regclass := pgwhen._relation_of(p_spec ->> 'table');
  v_table constant text := pgwhen._table_name(v_relation);
  v_max constant integer := (p_spec ->> 'max')::integer;
  v_columns constant text[] := array(select jsonb_object_keys(coalesce(p_spec -> 'set', '{}')));
  v_values jsonb := jsonb_build_array(pgwhen._values_of(coalesce(p_spec -> 'set', '{}'), p_context));
  v_where text;
  v_result jsonb;
begin
  select w.p_values, w.clause into v_values, v_where from pgwhen._where_sql(p_spec -> 'where', p_context, v_relation, v_values) w;
  if v_max is not null then
    v_result := pgwhen_sandbox.run_statement(format('select 1 as one from %s t where %s limit %s', v_table, v_where, v_max + 1), v_values, p_search_path,
      v_max, '{}');
    v_result := jsonb_build_object('count', v_max + case when v_result -> 'more' = 'true' then 1 else 0 end);
  end if;
  if v_max is null or (v_result ->> 'count')::integer <= v_max then
    v_result := pgwhen_sandbox.run_statement(
      case p_type
        when 'update' then format('update %s t set %s from jsonb_to_record($1 -> 0) v (%s) where %s', v_table,
          (select string_agg(format('%1$I = v.%1$I', c), ', ') from unnest(v_columns) c), pgwhen._row_type(v_relation, v_columns), v_where)
        else format('delete from %s t where %s', v_table, v_where)
      end || format(' returning %s', (select string_agg(format('t.%I', c), ', ') from unnest(pgwhen._output_columns(v_relation, null)) c)),
      v_values, p_search_path, null, pgwhen._key_columns(v_relation));
  end if;
  if (v_result ->> 'count')::integer > v_max then
    raise exception using errcode = 'WF260', message = format('the %s meets more than %s %s of %s; nothing was changed', p_type, v_max,
        case v_max when 1 then 'row' else 'rows' end, v_table),
      hint = 'Narrow where, or raise max.';
  end if;
  return v_result;
end
$$;
comment on function pgwhen._change_rows(text, jsonb, jsonb, text) is 'Performs an update or delete step: {rows, count, more}.';
