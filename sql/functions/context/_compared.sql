-- The operators that compare what stands left with an operand. Equality with a null that is written in the definition asks
-- whether the value is missing; a null that comes out of a path makes the result unknown.
create or replace function pgwhen._compared(p_op text, p_left jsonb, p_right jsonb, p_type text, p_context jsonb) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_right jsonb := pgwhen._value(p_right, p_context);
  v_interval interval;
  v_instant timestamptz;
begin
  case p_op
    when 'eq', 'ne' then
      if v_right is null and p_right -> 'literal' = 'null' then
        return (p_left is null) = (p_op = 'eq');
      end if;
      return case p_op when 'eq' then pgwhen._compare(p_left, v_right, p_type) = 0 else pgwhen._compare(p_left, v_right, p_type) <> 0 end;
    when 'gt' then
      return pgwhen._compare(p_left, v_right, p_type) > 0;
    when 'gte' then
      return pgwhen._compare(p_left, v_right, p_type) >= 0;
    when 'lt' then
      return pgwhen._compare(p_left, v_right, p_type) < 0;
    when 'lte' then
      return pgwhen._compare(p_left, v_right, p_type) <= 0;
    when 'in' then
      return pgwhen._is_one_of(p_left, v_right, p_type);
    when 'not_in' then
      return not pgwhen._is_one_of(p_left, v_right, p_type);
    when 'contains' then
      if jsonb_typeof(p_left) in ('array', 'object') then
        return p_left @> v_right;
      end if;
      return strpos(pgwhen._as_text(p_left), pgwhen._as_text(v_right)) > 0;
    when 'starts_with' then
      return starts_with(pgwhen._as_text(p_left), pgwhen._as_text(v_right));
    when 'ends_with' then
      return right(pgwhen._as_text(p_left), length(pgwhen._as_text(v_right))) = pgwhen._as_text(v_right);
    when 'matches' then
      return pgwhen._matches(pgwhen._as_text(p_left), pgwhen._as_text(v_right));
    when 'before' then
      return pgwhen._compare(p_left, v_right, case p_type when 'time' then 'time' else 'timestamptz' end) < 0;
    when 'after' then
      return pgwhen._compare(p_left, v_right, case p_type when 'time' then 'time' else 'timestamptz' end) > 0;
    when 'within', 'older_than' then
      v_instant := pgwhen._as_instant(p_left);
      v_interval := pgwhen._as_interval(pgwhen._as_text(v_right));
      if p_op = 'older_than' then
        return v_instant < pgwhen._shift(pgwhen._now_of(p_context), - v_interval);
      end if;
      return v_instant between pgwhen._shift(pgwhen._now_of(p_context), - v_interval) and pgwhen._shift(pgwhen._now_of(p_context), v_interval);
    else
      raise exception using errcode = 'WF132', message = format('this version of pgwhen does not know the operator %s', coalesce(p_op, 'null')),
        hint = 'Run pgwhen migrate with the version of pgwhen that published the workflow.';
  end case;
end
$$;
comment on function pgwhen._compared(text, jsonb, jsonb, text, jsonb) is 'Result of an operator that compares a value with an operand: true, false, or null for unknown.';
