-- A text that spells a number counts as one, as in conditions. A thousand digits are more than money and measures have, and few
-- enough that no arithmetic takes long.
create or replace function pgwhen._number(p_form jsonb, p_value jsonb) returns numeric
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_number numeric := pgwhen._as_numeric(p_value);
begin
  if p_value is null or p_value = 'null' then
    return null;
  elsif v_number is null or v_number = 'NaN' or abs(v_number) = 'Infinity' then
    perform pgwhen._refuse_value('WF137', p_form, format('%s is not a number', pgwhen._quote(p_value)), 'Give a number, or a default where it may be another thing.');
  elsif length(v_number::text) > 1000 then
    perform pgwhen._refuse_value('WF138', p_form, format('%s has more than 1,000 digits', pgwhen._quote(p_value)), 'Round it, or keep it as a text.');
  end if;
  return v_number;
end
$$;
comment on function pgwhen._number(jsonb, jsonb) is 'A value as the number that a form needs, exactly; null where it is missing, refused where it is none.';
