-- A wait step beside its common keys. until is a condition on the record, which is read afresh whenever the record changes; what it
-- reads elsewhere does not wake it.
create or replace function pgwhen._compile_wait(p_step jsonb, p_scope jsonb, p_path text, p_defaults jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_result jsonb;
begin
  if p_step ? 'until' then
    v_result := pgwhen._compile_condition(p_step -> 'until', p_scope, p_path || '.until');
    if v_result -> 'problems' = '[]' and not exists (
        select from jsonb_array_elements(v_result -> 'nodes') n where n.value ->> 'kind' = 'record') then
      v_result := v_result || jsonb_build_object('problems', pgwhen._problem('WF046', p_path || '.until',
        'the condition does not read a record, so that no change could make it true', 'to wait for a time use a delay'));
    end if;
    v_result := v_result || jsonb_build_object('compiled', jsonb_build_object('until', v_result -> 'compiled', 'given', '[]'::jsonb));
  elsif p_step ? 'delivery' then
    v_result := pgwhen._compile_delivery_wait(p_step, p_scope, p_path);
  else
    v_result := pgwhen._analyse_watch(p_step, p_scope, p_path);
  end if;
  return v_result || jsonb_build_object('compiled', jsonb_build_object('wait', (v_result -> 'compiled')
    || case when p_step ? 'timeout' then jsonb_build_object('timeout', p_step -> 'timeout', 'timezone', coalesce(p_defaults ->> 'timezone', 'UTC'))
      else '{}' end));
end
$$;
comment on function pgwhen._compile_wait(jsonb, jsonb, text, jsonb) is 'Typed form of what a wait step waits for.';
