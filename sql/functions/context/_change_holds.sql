-- Where there is no row before, or none after, nothing changed: a created row is what becomes is for.
create or replace function pgwhen._change_holds(p_condition jsonb, p_context jsonb) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_op text := p_condition ->> 'op';
  v_column jsonb := (p_condition -> 'left') - 0;
  v_old jsonb := pgwhen._at(p_context -> 'old', v_column);
  v_new jsonb := pgwhen._at(p_context -> 'new', v_column);
  v_changed boolean := coalesce(jsonb_typeof(p_context -> 'old') = 'object' and jsonb_typeof(p_context -> 'new') = 'object', false)
    and v_old is distinct from v_new;
begin
  if v_op = 'changed' then
    return v_changed = coalesce(pgwhen._as_boolean(p_condition -> 'right' -> 'literal'), true);
  elsif not v_changed then
    return false;
  end if;
  return pgwhen._holds(jsonb_build_object('op', 'eq', 'type', p_condition -> 'type', 'right', p_condition -> 'right',
    'left', jsonb_build_array(case v_op when 'changed_to' then 'new' else 'old' end) || v_column), p_context);
end
$$;
comment on function pgwhen._change_holds(jsonb, jsonb) is 'changed, changed_to and changed_from: compares the row before and after.';
