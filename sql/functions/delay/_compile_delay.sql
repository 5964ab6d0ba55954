-- What the value keys do not say: zone, window, and where holidays come from. A time that stands in the definition stays as it is
-- written, since what it means depends on the zone, which may be a value.
create or replace function pgwhen._compile_delay(p_step jsonb, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_window constant jsonb := p_step -> 'window';
  v_result jsonb := pgwhen._result(null);
  v_compiled jsonb := '{}'::jsonb;
begin
  if not p_step ? 'timezone' then
    v_compiled := jsonb_build_object('timezone', p_scope -> 'timezone');
  end if;
  if p_step ? 'past' then
    v_compiled := v_compiled || jsonb_build_object('past', p_step -> 'past');
  end if;
  if pgwhen._as_instant(p_step -> 'until') is not null then
    v_compiled := v_compiled || jsonb_build_object('until', jsonb_build_object('literal', p_step -> 'until'));
  end if;
  if v_window is not null and pgwhen._check_kind('window', v_window, '') = '[]' then
    v_compiled := v_compiled || jsonb_build_object('window', jsonb_strip_nulls(jsonb_build_object(
      'from', v_window -> 'from', 'to', v_window -> 'to',
      'days', (select jsonb_agg(distinct array_position('{mon,tue,wed,thu,fri,sat,sun}'::text[], d)) from jsonb_array_elements_text(v_window -> 'days') d),
      'holidays', case when jsonb_typeof(v_window -> 'holidays') = 'array' then v_window -> 'holidays' end)));
    if jsonb_typeof(v_window -> 'holidays') = 'object' then
      v_result := pgwhen._compile_holidays(v_window -> 'holidays', p_scope, p_path || '.window.holidays');
      v_compiled := jsonb_set(v_compiled, '{window,table}', v_result -> 'compiled');
    end if;
  end if;
  return v_result || jsonb_build_object('compiled', v_compiled);
end
$$;
comment on function pgwhen._compile_delay(jsonb, jsonb, text) is 'Typed form of a delay beside its values.';
