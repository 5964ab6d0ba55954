create or replace function pgwhen._list(p_form jsonb, p_value jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_value is null then
    return null;
  elsif jsonb_typeof(p_value) <> 'array' then
    return pgwhen._refuse_value('WF137', p_form, format('%s is not a list', pgwhen._quote(p_value)), 'Give a list, or a path with [*].');
  elsif jsonb_array_length(p_value) > 10000 then
    return pgwhen._refuse_value('WF139', p_form, format('the list has %s items, more than 10,000', jsonb_array_length(p_value)),
      'Use a query step with a condition, or a loop.');
  end if;
  return p_value;
end
$$;
comment on function pgwhen._list(jsonb, jsonb) is 'The list that a form works on, null where it is missing; what is no list or too long is refused.';
