create or replace function pgwhen._check_input_spec(p_name text, p_spec jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := pgwhen._check_object('{input}', p_spec, p_path, 'an input');
begin
  if p_name !~ '^[A-Za-z_][A-Za-z0-9_]{0,62}$' then
    v_problems := v_problems || pgwhen._problem('WF006', p_path,
      format('%s is not a name for an input', pgwhen._quote(to_jsonb(p_name))), 'letters, digits and _, not a digit first');
  end if;
  if v_problems = '[]' and p_spec ? 'default' and not pgwhen._is_input(p_spec ->> 'type', p_spec -> 'default') then
    v_problems := pgwhen._problem('WF021', p_path || '.default',
      format('%s is not of the type %s', pgwhen._quote(p_spec -> 'default'), p_spec ->> 'type'));
  end if;
  return v_problems;
end
$$;
comment on function pgwhen._check_input_spec(text, jsonb, text) is 'Problems with the declaration of an input.';
