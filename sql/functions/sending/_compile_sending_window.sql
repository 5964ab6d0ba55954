-- When a message leaves, its context is gone: the condition on a table of holidays compares columns with constants only.
create or replace function pgwhen._compile_sending_window(p_window jsonb, p_scope jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_holidays jsonb;
  v_window jsonb := jsonb_strip_nulls(jsonb_build_object(
    'from', p_window -> 'from', 'to', p_window -> 'to',
    'days', (select jsonb_agg(distinct array_position('{mon,tue,wed,thu,fri,sat,sun}'::text[], d)) from jsonb_array_elements_text(p_window -> 'days') d),
    'holidays', case when jsonb_typeof(p_window -> 'holidays') = 'array' then p_window -> 'holidays' end));
begin
  if jsonb_typeof(p_window -> 'holidays') = 'object' then
    v_holidays := pgwhen._compile_holidays(p_window -> 'holidays', p_scope, 'window.holidays');
    v_window := v_window || case
      when v_holidays -> 'problems' <> '[]' then jsonb_build_object('problem', v_holidays #> '{problems,0,message}')
      when v_holidays -> 'reads' <> '[]' or v_holidays -> 'nodes' <> '[]' then
        jsonb_build_object('problem', 'where of its holidays reads the record; a window for messages compares columns with constants')
      else jsonb_build_object('table', v_holidays -> 'compiled') end;
  end if;
  return v_window;
end
$$;
comment on function pgwhen._compile_sending_window(jsonb, jsonb) is 'Typed form of the window of a workflow''s messages; with problem where its holidays cannot be read.';
