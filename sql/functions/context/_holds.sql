-- Three-valued: null is unknown, and a caller asks "is true". plpgsql, not sql: a leaf costs no executor. The leaf that is
-- most of all conditions, a text equal to a literal, is decided before anything else is looked at.
create or replace function pgwhen._holds(p_condition jsonb, p_context jsonb, p_depth integer default 0) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_op text := p_condition ->> 'op';
  v_type text := p_condition ->> 'type';
  v_left jsonb;
  v_right jsonb;
  v_result boolean;
begin
  if v_op = 'eq' and v_type = 'text' and jsonb_typeof(p_condition -> 'right' -> 'literal') = 'string' then
    v_left := pgwhen._at(p_context, p_condition -> 'left');
    return case when jsonb_typeof(v_left) in ('string', 'number', 'boolean') then v_left #>> '{}' = p_condition -> 'right' ->> 'literal' end;
  end if;
  if p_condition is null or p_condition = 'null' then
    return true;
  end if;
  case v_op
    when 'all', 'any' then
      if p_depth >= 32 then
        raise exception using errcode = 'WF131', message = 'the condition is nested more than 32 deep', hint = 'Take parts of it into condition steps.';
      end if;
      v_result := v_op = 'all';
      for v_index in 0 .. jsonb_array_length(p_condition -> 'of') - 1 loop
        if v_op = 'all' then
          v_result := v_result and pgwhen._holds(p_condition -> 'of' -> v_index, p_context, p_depth + 1);
          exit when not v_result;
        else
          v_result := v_result or pgwhen._holds(p_condition -> 'of' -> v_index, p_context, p_depth + 1);
          exit when v_result;
        end if;
      end loop;
      return v_result;
    when 'not' then
      if p_depth >= 32 then
        raise exception using errcode = 'WF131', message = 'the condition is nested more than 32 deep', hint = 'Take parts of it into condition steps.';
      end if;
      return not pgwhen._holds(p_condition -> 'of', p_context, p_depth + 1);
    when 'jsonpath' then
      return pgwhen._path_matches(p_context, p_condition ->> 'path');
    when 'is_empty', 'is_not_empty' then
      v_left := pgwhen._at(p_context, p_condition -> 'left');
      v_result := v_left is null or v_left in ('""', '[]', '{}');
      return v_result = ((v_op = 'is_empty') = coalesce(pgwhen._as_boolean(pgwhen._value(p_condition -> 'right', p_context)), true));
    when 'changed', 'changed_to', 'changed_from' then
      return pgwhen._change_holds(p_condition, p_context);
    else
      return pgwhen._compared(v_op, pgwhen._at(p_context, p_condition -> 'left'), p_condition -> 'right', v_type, p_context);
  end case;
end
$$;
comment on function pgwhen._holds(jsonb, jsonb, integer) is 'Whether a compiled condition holds in a context: true, false, or null for unknown. No condition holds.';
