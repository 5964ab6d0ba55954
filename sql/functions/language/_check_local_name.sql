create or replace function pgwhen._check_local_name(p_name jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_name is null then
    return '[]'::jsonb;
  elsif pgwhen._check_kind('identifier', p_name, p_place) <> '[]' then
    return pgwhen._check_kind('identifier', p_name, p_place);
  elsif p_scope -> 'records' ? (p_name #>> '{}')
    or p_name #>> '{}' in ('event', 'input', 'new', 'old', 'changed', 'vars', 'tenant', 'workflow', 'execution', 'now', 'steps', 'index') then
    return pgwhen._problem('WF072', p_place, format('%s means something else already', p_name #>> '{}'), 'give the item another name');
  end if;
  return '[]'::jsonb;
end
$$;
comment on function pgwhen._check_local_name(jsonb, jsonb, text) is 'Problems with the name that a form gives to the item it looks at.';
