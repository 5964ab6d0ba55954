-- Where there is no row before, or none after, nothing changed: a created row is caught by becomes.
create or replace function pgwhen._change_holds(p_condition jsonb, p_context jsonb) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_column jsonb := (p_condition -> 'left') - 0;
  v_old jsonb := pgwhen._at(p_context -> 'old', v_column);
  v_new jsonb := pgwhen._at(p_context -> 'new', v_column);
  v_changed boolean := jsonb_typeof(p_context -> 'old') = 'object' and jsonb_typeof(p_context -> 'new') = 'object'
    and v_old is distinct from v_new;
begin
  if p_condition ->> 'op' = 'changed' then
    return coalesce(v_changed, false) = coalesce(pgwhen._as_boolean(pgwhen._value(p_condition -> 'right', p_context)), true);
  end if;
  if v_changed is not true then
    return false;
  end if;
  return pgwhen._compared('eq', case p_condition ->> 'op' when 'changed_to' then v_new else v_old end,
    p_condition -> 'right', p_condition ->> 'type', p_context);
end
$$;
comment on function pgwhen._change_holds(jsonb, jsonb) is 'changed, changed_to and changed_from: compares the row before and after.';
