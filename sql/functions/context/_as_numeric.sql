-- No exception block: it would cost a subtransaction a value, and pg_input_is_valid is not in PostgreSQL 15. The limits
-- keep the cast from overflowing.
create or replace function pgwhen._as_numeric(p_value jsonb) returns numeric
language sql immutable parallel safe
return case jsonb_typeof(p_value)
  when 'number' then p_value::numeric
  when 'string' then
    case when length(p_value #>> '{}') <= 1000
        and p_value #>> '{}' ~ '^ *[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})? *$|^(?:NaN|-?Infinity)$'
      then (p_value #>> '{}')::numeric
    end
end;
comment on function pgwhen._as_numeric(jsonb) is 'A JSON number, or a string that is one, exactly; else null.';
