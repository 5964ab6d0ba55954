-- A compiled condition on the rows of a table (alias t) as the text of a WHERE clause. Names are quoted by format, values are never in
-- the text: they are elements of the parameter $1, a JSON array, to which this appends. all, any and not are three-valued alike in SQL.
create or replace function pgwhen._where_sql(p_condition jsonb, p_context jsonb, p_relation oid, inout p_values jsonb, out clause text)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_op constant text := p_condition ->> 'op';
  v_clause text;
begin
  case v_op
    when 'all', 'any' then
      for v_index in 0 .. jsonb_array_length(p_condition -> 'of') - 1 loop
        select w.p_values, w.clause into p_values, v_clause
        from pgwhen._where_sql(p_condition -> 'of' -> v_index, p_context, p_relation, p_values) w;
        clause := case when clause is null then v_clause else format('%s %s %s', clause, case v_op when 'all' then 'and' else 'or' end, v_clause) end;
      end loop;
      clause := format('(%s)', clause);
    when 'not' then
      select w.p_values, w.clause into p_values, v_clause
      from pgwhen._where_sql(p_condition -> 'of', p_context, p_relation, p_values) w;
      clause := format('(not %s)', v_clause);
    else
      select t.p_values, t.clause into p_values, clause from pgwhen._test_sql(p_condition, p_context, p_relation, p_values) t;
  end case;
end
$$;
comment on function pgwhen._where_sql(jsonb, jsonb, oid, jsonb) is 'WHERE clause of a compiled condition on the rows of a table, and the values of its parameter.';
