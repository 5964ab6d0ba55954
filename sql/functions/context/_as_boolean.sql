-- Only what PostgreSQL writes and people mean: not its every abbreviation, and no numbers.
create or replace function pgwhen._as_boolean(p_value jsonb) returns boolean
language sql immutable parallel safe
return case jsonb_typeof(p_value)
  when 'boolean' then p_value::boolean
  when 'string' then
    case
      when lower(p_value #>> '{}') in ('true', 't', 'yes', 'on') then true
      when lower(p_value #>> '{}') in ('false', 'f', 'no', 'off') then false
    end
end;
comment on function pgwhen._as_boolean(jsonb) is 'A JSON boolean, or a string that is one; else null.';
