-- The operators that compare what stands left with an operand. Inlined into its callers, so that a comparison costs no call.
create or replace function pgwhen._compared(p_op text, p_left jsonb, p_right jsonb, p_type text, p_context jsonb) returns boolean
language sql stable
return case p_op
  when 'eq' then pgwhen._compare(p_left, p_right, p_type) = 0
  when 'ne' then pgwhen._compare(p_left, p_right, p_type) <> 0
  when 'gt' then pgwhen._compare(p_left, p_right, p_type) > 0
  when 'gte' then pgwhen._compare(p_left, p_right, p_type) >= 0
  when 'lt' then pgwhen._compare(p_left, p_right, p_type) < 0
  when 'lte' then pgwhen._compare(p_left, p_right, p_type) <= 0
  when 'in' then pgwhen._is_one_of(p_left, p_right, p_type)
  when 'not_in' then not pgwhen._is_one_of(p_left, p_right, p_type)
  when 'contains' then
    case when jsonb_typeof(p_left) in ('array', 'object') then p_left @> p_right
      else strpos(pgwhen._as_text(p_left), pgwhen._as_text(p_right)) > 0 end
  when 'starts_with' then starts_with(pgwhen._as_text(p_left), pgwhen._as_text(p_right))
  when 'ends_with' then right(pgwhen._as_text(p_left), length(pgwhen._as_text(p_right))) = pgwhen._as_text(p_right)
  when 'matches' then pgwhen._matches(pgwhen._as_text(p_left), pgwhen._as_text(p_right))
  when 'before' then pgwhen._compare(p_left, p_right, case p_type when 'time' then 'time' else 'timestamptz' end) < 0
  when 'after' then pgwhen._compare(p_left, p_right, case p_type when 'time' then 'time' else 'timestamptz' end) > 0
  when 'within' then pgwhen._is_within(p_left, p_right, pgwhen._now_of(p_context))
  when 'older_than' then pgwhen._is_older(p_left, p_right, pgwhen._now_of(p_context))
  else pgwhen._refuse_operator(p_op)
end;
comment on function pgwhen._compared(text, jsonb, jsonb, text, jsonb) is 'Result of an operator that compares a value with an operand: true, false, or null for unknown.';
