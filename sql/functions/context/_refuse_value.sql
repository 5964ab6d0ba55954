-- Returns nothing: the type lets those who compute a value write "return".
create or replace function pgwhen._refuse_value(p_code text, p_form jsonb, p_message text, p_hint text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  raise exception using errcode = p_code, message = format('%s at %s: %s', coalesce(p_form ->> 'form', 'the path'), p_form ->> 'place', p_message),
    hint = p_hint;
end
$$;
comment on function pgwhen._refuse_value(text, jsonb, text, text) is 'Raises that a form or path cannot be computed, with its place.';
