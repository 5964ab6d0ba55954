-- ISO 8601 as PostgreSQL and people write it: date and time with an offset, without one (UTC), or a date (its midnight in
-- UTC). Nothing depends on the session's time zone or date style. The pattern excludes what the cast would refuse, except
-- the length of the month, which is looked at from the 29th on.
create or replace function pgwhen._as_instant(p_value jsonb) returns timestamptz
language plpgsql stable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_date constant text := '[0-9]{4,6}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])';
  c_time constant text := '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?';
  c_offset constant text := '([Zz]|[+-](0[0-9]|1[0-4])(:?[0-5][0-9](:[0-5][0-9])?)?)';
  v_text text := p_value #>> '{}';
  v_year integer;
  v_days integer;
begin
  if jsonb_typeof(p_value) is distinct from 'string' then
    return null;
  end if;
  -- As contexts hold it: each part is checked as text, a fraction of what the pattern costs.
  if v_text like '____-__-__T__:__:__%+00:00' and translate(v_text, '0123456789', '') in ('--T::+:', '--T::.+:')
    and length(v_text) between 25 and 32 and substr(v_text, 20, 1) in ('.', '+') and substr(v_text, 20, 2) <> '.+'
    and left(v_text, 4) > '0000' and substr(v_text, 6, 2) between '01' and '12' and substr(v_text, 9, 2) between '01' and '28'
    and substr(v_text, 12, 2) <= '23' and substr(v_text, 15, 2) <= '59' and substr(v_text, 18, 2) <= '59' then
    return v_text::timestamptz;
  end if;
  if v_text in ('infinity', '-infinity') then
    return v_text::timestamptz;
  end if;
  if v_text !~ ('^' || c_date || '([T ]' || c_time || ' ?' || c_offset || '?)?( BC)?$') then
    return null;
  end if;
  v_year := split_part(v_text, '-', 1)::integer;
  if v_year = 0 or v_year > 294275 or (v_text like '% BC' and v_year > 4712) then
    return null;
  end if;
  if left(split_part(v_text, '-', 3), 2) > '28' then
    if v_text like '% BC' then
      v_year := v_year - 1;
    end if;
    v_days := case
      when split_part(v_text, '-', 2) in ('04', '06', '09', '11') then 30
      when split_part(v_text, '-', 2) <> '02' then 31
      when v_year % 4 = 0 and (v_year % 100 <> 0 or v_year % 400 = 0) then 29
      else 28
    end;
    if left(split_part(v_text, '-', 3), 2)::integer > v_days then
      return null;
    end if;
  end if;
  if substr(v_text, 12) ~ '[Zz+-]' then
    return v_text::timestamptz;
  end if;
  return v_text::timestamp at time zone 'UTC';
end
$$;
comment on function pgwhen._as_instant(jsonb) is 'A string that is a date, or a date and time, as an instant (UTC where it names no offset); else null.';
