-- What a start is given, with defaults filled in. What inputs does not name stays: those who emit an event may know more than
-- the workflow. All that is wrong is said at once. Null is no input at all: a change of a table brings none.
create or replace function pgwhen._check_inputs(p_inputs jsonb, p_input jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_input jsonb := p_input;
  v_name text;
  v_spec jsonb;
  v_problems text[] := '{}'::text[];
begin
  if p_input is null or coalesce(p_inputs, 'null') in ('null', '{}') then
    return p_input;
  elsif jsonb_typeof(v_input) <> 'object' then
    raise exception using errcode = 'WF160', message = format('the input is %s, not an object', pgwhen._quote(v_input)),
      hint = 'Give an object with ' || (select string_agg(k, ', ') from jsonb_object_keys(p_inputs) k) || '.';
  end if;
  for v_name, v_spec in select * from jsonb_each(p_inputs) loop
    if coalesce(v_input -> v_name, 'null') = 'null' then
      if v_spec ? 'default' then
        v_input := v_input || jsonb_build_object(v_name, v_spec -> 'default');
      elsif v_spec -> 'required' = 'true' then
        v_problems := v_problems || format('%s is missing', v_name);
      end if;
    elsif not pgwhen._is_input(v_spec ->> 'type', v_input -> v_name) then
      v_problems := v_problems || format('%s is %s, not %s', v_name, pgwhen._quote(v_input -> v_name), v_spec ->> 'type');
    end if;
  end loop;
  if v_problems <> '{}' then
    raise exception using errcode = 'WF160', message = 'the input does not fit: ' || array_to_string(v_problems, '; '),
      hint = 'The workflow declares: ' || (select string_agg(format('%s (%s%s)', e.key, coalesce(e.value ->> 'type', 'any'),
        case when e.value -> 'required' = 'true' then ', required' else '' end), ', ') from jsonb_each(p_inputs) e) || '.';
  end if;
  return v_input;
end
$$;
comment on function pgwhen._check_inputs(jsonb, jsonb) is 'Input of a start, checked against inputs and completed by its defaults; raises WF160 where it does not fit.';
