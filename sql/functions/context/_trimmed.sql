-- A quotient has as many digits as PostgreSQL computes, at least 16; zeros at the end that neither operand had say nothing.
create or replace function pgwhen._trimmed(p_number numeric, p_scale integer) returns numeric
language sql immutable parallel safe
return round(p_number, greatest(scale(trim_scale(p_number)), p_scale));
comment on function pgwhen._trimmed(numeric, integer) is 'A number without the zeros at its end beyond a scale.';
