create or replace function pgwhen._delay_value(p_key text, p_compiled jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_value constant jsonb := nullif(pgwhen._value(p_compiled -> p_key, p_context), 'null');
begin
  if v_value is null then
    raise exception using errcode = 'WF141', message = format('the value of %s is missing', p_key),
      hint = 'Give a default, {{ path | default(...) }}, or an if that skips the delay.';
  end if;
  return v_value;
end
$$;
comment on function pgwhen._delay_value(text, jsonb, jsonb) is 'What a key of a delay comes to; raises WF141 where it is missing.';
