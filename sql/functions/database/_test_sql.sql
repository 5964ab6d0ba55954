-- One test as SQL with exactly the meaning that _holds gives it, in a form that an index of the column can answer. The operand is
-- computed here, once; an operand that is missing or not of the column's type makes the test unknown, as everywhere.
--
-- What is left to row_holds: regular expressions, parts of JSON, arrays, and all types whose JSON form says something else than
-- SQL's comparison (float8, char(n), interval, citext, ...). Equality of text is by bytes: a deterministic collation has the same.
create or replace function pgwhen._test_sql(p_test jsonb, p_context jsonb, p_relation oid, inout p_values jsonb, out clause text)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name constant text := p_test -> 'left' ->> 1;
  v_op constant text := p_test ->> 'op';
  v_sql_op constant text := case v_op when 'eq' then '=' when 'ne' then '<>' when 'gt' then '>' when 'gte' then '>=' when 'lt' then '<'
    when 'lte' then '<=' when 'before' then '<' when 'after' then '>' end;
  v_place constant integer := jsonb_array_length(p_values);
  v_parameter constant text := format('($1 ->> %s)', v_place);
  v_left constant text := format('t.%I', v_name);
  v_is_list constant boolean := v_op in ('in', 'not_in');
  v_right jsonb := p_test -> 'right';
  v_column record;
  v_list record;
  v_now timestamptz;
  v_interval interval;
begin
  select * into v_column from pgwhen._comparison(p_relation, v_name, p_test ->> 'type');
  if not found then
    raise exception using errcode = 'WF134', message = format('%s has no column %s', pgwhen._table_name(p_relation), v_name),
      detail = 'The workflow reads it; it was there when the workflow was published.', hint = 'Change the workflow and publish it again.';
  end if;
  if jsonb_array_length(p_test -> 'left') > 2
    or v_op in ('before', 'after', 'within', 'older_than') and v_column.kind not in ('timestamptz', 'timestamp', 'date') then
    v_column.kind := null;
  end if;

  if v_op in ('eq', 'ne') and v_right -> 'literal' = 'null' and v_column.kind is not null then
    clause := format('(%s is %s)', v_left, case v_op when 'eq' then 'null' else 'not null' end);
    return;
  elsif v_op in ('is_empty', 'is_not_empty') and v_column.kind is not null then
    clause := format(case v_column.kind when 'text' then '(%1$s is null or %1$s::text collate "C" = '''')' else '(%s is null)' end, v_left);
    if (v_op = 'is_empty') <> coalesce(pgwhen._as_boolean(v_right -> 'literal'), true) then
      clause := format('(not %s)', clause);
    end if;
    return;
  end if;
  if not v_right ? 'literal' then
    v_right := pgwhen._value(v_right, p_context);
    if v_right is null then
      clause := 'null::boolean';
      return;
    end if;
    v_right := jsonb_build_object('literal', v_right);
  end if;

  if v_column.kind is not null and v_op in ('within', 'older_than') then
    v_now := pgwhen._now_of(p_context);
    v_interval := pgwhen._as_interval(pgwhen._as_text(v_right -> 'literal'));
    clause := 'null::boolean';
    if v_interval is not null then
      clause := case v_op when 'within' then format('(%1$s between ($1 ->> %2$s)::%3$s and ($1 ->> %4$s)::%3$s)', v_left, v_place, v_column.type, v_place + 1)
        else format('(%s < %s::%s)', v_left, v_parameter, v_column.type) end;
      p_values := p_values || jsonb_build_array(
        to_jsonb(pgwhen._operand_as(v_column.kind, pgwhen._iso(pgwhen._shift(v_now, - v_interval)), v_column.labels)),
        to_jsonb(pgwhen._operand_as(v_column.kind, pgwhen._iso(pgwhen._shift(v_now, v_interval)), v_column.labels)));
    end if;
  elsif v_column.kind is not null and (v_is_list or v_op = 'eq' or v_column.kind <> 'enum' and v_sql_op is not null) then
    select * into v_list from pgwhen._operand_list(v_column.kind, v_column.labels,
      case when v_is_list then v_right -> 'literal' else jsonb_build_array(v_right -> 'literal') end, v_is_list);
    if v_list.items is null then
      clause := 'null::boolean';
      return;
    elsif v_is_list then
      p_values := p_values || to_jsonb(v_list.items::text);
      clause := case when v_list.items = '{}' then format('case when %s is not null then false end', v_left)
        else format('%s = any (%s::%s[])', v_left || v_column.exactly, v_parameter, v_column.type) end;
      clause := format(case when v_list.has_null then '(%1$s is null or %2$s%3$s)' else '(%2$s%3$s)' end, v_left, clause,
        case when v_list.is_unknown then ' or null' else '' end);
      clause := case v_op when 'not_in' then format('(not %s)', clause) else clause end;
    elsif v_list.is_unknown or v_list.has_null then
      clause := 'null::boolean';
    elsif v_list.items = '{}' then
      clause := format('case when %s is not null then false end', v_left);
    else
      p_values := p_values || to_jsonb(v_list.items[1]);
      clause := case when v_op = 'eq' and v_column.kind = 'text' then format('(%s = %s%s)', v_left, v_parameter,
          case when v_column.exactly <> '' then format(' and %s%s = %s', v_left, v_column.exactly, v_parameter) else '' end)
        when v_column.kind = 'text' then format('(%s::text collate "C" %s %s)', v_left, v_sql_op, v_parameter)
        when v_column.kind = 'integer' and v_list.items[1] !~ '^-?\d+$' then format('(%s::numeric %s %s::numeric)', v_left, v_sql_op, v_parameter)
        else format('(%s %s %s::%s)', v_left, v_sql_op, v_parameter, v_column.type) end;
    end if;
  elsif v_column.kind = 'text' and v_op in ('contains', 'starts_with', 'ends_with') then
    p_values := p_values || coalesce(to_jsonb(pgwhen._as_text(v_right -> 'literal')), 'null');
    clause := format(case v_op when 'contains' then '(strpos(%1$s::text collate "C", %2$s) > 0)'
      when 'starts_with' then '(starts_with(%1$s::text collate "C", %2$s))'
      else '(right(%1$s::text collate "C", length(%2$s)) = %2$s)' end, v_left, v_parameter);
  else
    p_values := p_values || jsonb_build_array(p_test || jsonb_build_object('right', v_right), pgwhen._iso(pgwhen._now_of(p_context)));
    clause := format('pgwhen.row_holds($1 -> %s, jsonb_build_object(%L, to_jsonb(%s)), $1 -> %s)', v_place, v_name, v_left, v_place + 1);
  end if;
end
$$;
comment on function pgwhen._test_sql(jsonb, jsonb, oid, jsonb) is 'One test of a condition on the rows of a table as SQL, and the values of its parameter.';
