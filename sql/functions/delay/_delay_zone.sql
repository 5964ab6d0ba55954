-- The workflow's is text, one of the delay's own a value.
create or replace function pgwhen._delay_zone(p_compiled jsonb, p_context jsonb) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_zone text;
begin
  if jsonb_typeof(p_compiled -> 'timezone') is distinct from 'object' then
    return coalesce(p_compiled ->> 'timezone', 'UTC');
  end if;
  v_zone := pgwhen._delay_value('timezone', p_compiled, p_context) #>> '{}';
  -- What stands in the definition was looked at when it was published.
  if not p_compiled -> 'timezone' ? 'literal' and not pgwhen._is_valid('timezone', v_zone) then
    raise exception using errcode = 'WF144', message = format('timezone is %s, which is not a time zone', left(v_zone, 100)),
      hint = 'Give one like Europe/Amsterdam or UTC.';
  end if;
  return v_zone;
end
$$;
comment on function pgwhen._delay_zone(jsonb, jsonb) is 'Time zone of a delay.';
