create or replace function pgwhen._form_zone(p_form jsonb, p_context jsonb) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_zone text := pgwhen._value(p_form -> 'timezone', p_context) #>> '{}';
begin
  -- What stands in the definition was looked at when it was published.
  if v_zone is not null and not p_form -> 'timezone' ? 'literal' and not pgwhen._is_valid('timezone', v_zone) then
    perform pgwhen._refuse_value('WF137', p_form, format('%s is not a time zone', pgwhen._quote(to_jsonb(v_zone))), 'Write it like Europe/Amsterdam or UTC.');
  end if;
  return v_zone;
end
$$;
comment on function pgwhen._form_zone(jsonb, jsonb) is 'The time zone of a form of times; null where it is missing.';
