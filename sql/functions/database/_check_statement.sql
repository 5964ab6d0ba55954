-- What the whole statement needs: a unique index for on_conflict, and the rights of pgwhen_actions, on columns if not on the table.
create or replace function pgwhen._check_statement(p_type text, p_compiled jsonb, p_relation oid, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_conflict constant text[] := array(select jsonb_array_elements_text(p_compiled -> 'on_conflict') order by 1);
  v_grants text[] := pgwhen._needed_grants(p_type, p_compiled, p_relation);
  v_problems jsonb := '[]'::jsonb;
begin
  if v_conflict <> '{}' and not exists (
      select from pg_index i
      where i.indrelid = p_relation and i.indisunique and i.indpred is null and i.indexprs is null
        and array(select a.attname::text from unnest(i.indkey::smallint[]) with ordinality k (attnum, n)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum where k.n <= i.indnkeyatts order by 1) = v_conflict) then
    v_problems := pgwhen._problem('WF052', p_place || '.on_conflict', format('%s has no unique index on %s', p_relation::regclass, array_to_string(v_conflict, ', ')),
      'name the columns of its primary key, or of a unique index without a condition');
  end if;
  if p_compiled -> 'update' = 'true' and p_compiled ? 'set' and (p_compiled -> 'set') - v_conflict = '{}' then
    v_problems := v_problems || pgwhen._problem('WF052', p_place || '.update', 'there is nothing to update but the columns of on_conflict', 'leave it out');
  end if;
  return v_problems
    || coalesce((select jsonb_agg(pgwhen._problem('WF053', p_place,
        format('the role pgwhen_actions may not %s %s', case when g like '%schema%' then 'use the schema of' when g like '%sequence%' then 'use a sequence of'
          else p_type end, p_relation::regclass), g) -> 0) from unnest(v_grants) g), '[]')
    || case when v_grants = '{}' and (select c.relrowsecurity from pg_class c where c.oid = p_relation) then pgwhen._problem('WF053', p_place,
      format('row level security applies to pgwhen_actions on %s', p_relation::regclass),
      format('it meets the rows that a policy gives it: create policy pgwhen on %s to pgwhen_actions using (true)', pgwhen._table_name(p_relation)), 'warning')
      else '[]' end;
end
$$;
comment on function pgwhen._check_statement(text, jsonb, oid, text) is 'Problems with what a database step needs of its table.';
