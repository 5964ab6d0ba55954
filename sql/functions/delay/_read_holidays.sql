-- From a table they are read as pgwhen_actions when the delay begins and again when it wakes: a holiday that was entered meanwhile
-- counts. As far as a delay can reach, and the day before, whose window may still be open.
create or replace function pgwhen._read_holidays(p_window jsonb, p_context jsonb, p_from timestamptz) returns date[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_spec constant jsonb := p_window -> 'table';
  v_relation regclass;
  v_values jsonb := jsonb_build_array(p_from::date - 3, p_from::date + 7330);
  v_where text;
  v_column text;
begin
  if v_spec is null then
    return array(select jsonb_array_elements_text(p_window -> 'holidays')::date);
  end if;
  v_relation := pgwhen._relation_of(v_spec ->> 'table');
  v_column := format('t.%I', v_spec -> 'columns' ->> 0);
  if v_spec ? 'where' then
    select w.p_values, w.clause into v_values, v_where from pgwhen._where_sql(v_spec -> 'where', p_context, v_relation, v_values) w;
  end if;
  return array(
    select (r.value ->> 'day')::date
    from jsonb_array_elements(pgwhen_sandbox.run_statement(
      format('select distinct %1$s::date as day from %2$s t where %1$s between ($1 ->> 0)::date and ($1 ->> 1)::date', v_column, pgwhen._table_name(v_relation))
        || coalesce(' and ' || v_where, ''),
      v_values, '"$user", public', 10000, '{}') -> 'rows') r);
end
$$;
comment on function pgwhen._read_holidays(jsonb, jsonb, timestamptz) is 'Days on which a window does not open: those of its list, or of its table.';
