-- A case is a text. A number finds its case however it is written there (2 and 2.00), a missing value is no case.
create or replace function pgwhen._decide_switch(p_compiled jsonb, p_context jsonb, out outcome text, out output jsonb, out reason text)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_value constant jsonb := pgwhen._value(p_compiled -> 'value', p_context);
  v_text constant text := case when jsonb_typeof(v_value) not in ('object', 'array') then v_value #>> '{}' end;
  v_case text;
begin
  if p_compiled -> 'cases' ? v_text then
    v_case := v_text;
  elsif jsonb_typeof(v_value) = 'number' then
    select c into v_case from jsonb_array_elements_text(p_compiled -> 'cases') c where pgwhen._as_numeric(to_jsonb(c)) = v_text::numeric limit 1;
  end if;
  outcome := coalesce('case:' || v_case, 'default');
  output := to_jsonb(coalesce(v_case, 'default'));
  reason := format(case when v_case is null then 'the value is %s, for which there is no case' else 'the value is %s' end,
    coalesce(left(v_value::text, 100), 'missing'));
end
$$;
comment on function pgwhen._decide_switch(jsonb, jsonb) is 'Which way a switch goes: its outcome, the case as its output, and why.';
