-- Behind a row in an order of several columns: behind it in the first, or equal there and behind it in the rest. Nulls come last
-- ascending and first descending, as PostgreSQL sorts. Where no column can be null and all go one way, rows are compared as such,
-- which an index can serve.
create or replace function pgwhen._after_sql(p_order jsonb, p_last jsonb, p_relation oid, inout p_values jsonb, out clause text)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_column record;
  v_columns text[] := '{}'::text[];
  v_operands text[] := '{}'::text[];
  v_operand text;
  v_after text;
  v_same text;
  v_plain boolean := true;
begin
  for v_column in
    select o.value ->> 'column' as name, o.value -> 'desc' = 'true' as is_desc, a.attnotnull as is_set, format_type(a.atttypid, -1) as type
    from jsonb_array_elements(p_order) with ordinality o
    join pg_attribute a on a.attrelid = p_relation and a.attname = o.value ->> 'column'
    order by o.ordinality desc
  loop
    if not p_last ? v_column.name then
      raise exception using errcode = 'WF246', message = format('a row of %s is larger than 1 MB', p_relation::regclass),
        hint = 'Sort by the primary key, or use a query step that names the columns that are needed.';
    end if;
    v_operand := format('($1 ->> %s)::%s', jsonb_array_length(p_values), v_column.type);
    if p_last -> v_column.name = 'null' then
      v_after := case when v_column.is_desc then format('t.%I is not null', v_column.name) else 'false' end;
      v_same := format('t.%I is null', v_column.name);
    else
      p_values := p_values || jsonb_build_array(p_last -> v_column.name);
      v_after := format('t.%I %s %s', v_column.name, case when v_column.is_desc then '<' else '>' end, v_operand)
        || case when v_column.is_desc or v_column.is_set then '' else format(' or t.%I is null', v_column.name) end;
      v_same := format('t.%I = %s', v_column.name, v_operand);
    end if;
    clause := case when clause is null then format('(%s)', v_after) else format('(%s or (%s and %s))', v_after, v_same, clause) end;
    v_columns := format('t.%I', v_column.name) || v_columns;
    v_operands := v_operand || v_operands;
    v_plain := v_plain and v_column.is_set and p_order -> 0 -> 'desc' = to_jsonb(v_column.is_desc);
  end loop;
  if v_plain then
    clause := format('(%s) %s (%s)', array_to_string(v_columns, ', '), case when p_order -> 0 -> 'desc' = 'true' then '<' else '>' end,
      array_to_string(v_operands, ', '));
  end if;
end
$$;
comment on function pgwhen._after_sql(jsonb, jsonb, oid, jsonb) is 'WHERE clause for the rows behind a row in an order, and the values of its parameter.';
