-- In a step the error fails the step. Where triggers are judged (pgwhen.value_errors = unknown) an operand that cannot be computed
-- is unknown: one workflow's mistake must not take the event from all others. explain says what was wrong.
create or replace function pgwhen._operand(p_value jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_value jsonb;
begin
  if current_setting('pgwhen.value_errors', true) is distinct from 'unknown' then
    return pgwhen._value(p_value, p_context);
  end if;
  begin
    -- Within the operand nothing is unknown: a sum without the numbers that are none would be a wrong one.
    perform set_config('pgwhen.value_errors', '', true);
    v_value := pgwhen._value(p_value, p_context);
    perform set_config('pgwhen.value_errors', 'unknown', true);
  exception when sqlstate 'WF137' or sqlstate 'WF138' or sqlstate 'WF139' then
    return null;
  end;
  return v_value;
end
$$;
comment on function pgwhen._operand(jsonb, jsonb) is 'The right side of a test; null, hence unknown, where it cannot be computed and a trigger is judged.';
