-- As _check_inputs completes an input, without a word on what does not fit: conditions are judged before that is looked at.
create or replace function pgwhen._with_defaults(p_inputs jsonb, p_input jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_input jsonb := p_input;
  v_name text;
  v_spec jsonb;
begin
  if jsonb_typeof(p_input) is distinct from 'object' or jsonb_typeof(p_inputs) is distinct from 'object' then
    return p_input;
  end if;
  for v_name, v_spec in select * from jsonb_each(p_inputs) loop
    if v_spec ? 'default' and coalesce(v_input -> v_name, 'null') = 'null' then
      v_input := v_input || jsonb_build_object(v_name, v_spec -> 'default');
    end if;
  end loop;
  return v_input;
end
$$;
comment on function pgwhen._with_defaults(jsonb, jsonb) is 'An input completed by the defaults of inputs.';
