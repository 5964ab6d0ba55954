create or replace function pgwhen._callback_json(p_body bytea, p_limit integer) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_text text := pgwhen._callback_text(p_body, p_limit);
begin
  return v_text::jsonb;
exception
  when data_exception or program_limit_exceeded then
    raise exception using errcode = 'WF462', message = format('the callback is not JSON: %s', coalesce(nullif(left(v_text, 60), ''), 'it is empty')),
      hint = 'Hand over the body byte for byte as it came.';
end
$$;
comment on function pgwhen._callback_json(bytea, integer) is 'The body of a callback as JSON. Raises WF462, WF464.';
