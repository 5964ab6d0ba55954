create or replace function pgwhen._as_json_number(p_form jsonb, p_number numeric) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if length(p_number::text) > 1000 then
    return pgwhen._refuse_value('WF138', p_form, 'the result has more than 1,000 digits', 'Round it, or compute with smaller numbers.');
  end if;
  return to_jsonb(p_number);
end
$$;
comment on function pgwhen._as_json_number(jsonb, numeric) is 'The number that a form comes to, as JSON; refused where it is too long.';
