-- Any table or view that pgwhen_actions was granted, attached or not; what belongs to another tenant is that tenant's.
create or replace function pgwhen._table_of_statement(p_name text, p_tenant text, p_type text, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_found jsonb := pgwhen._find_table(p_name, p_tenant);
  v_relation oid := (v_found ->> 'relation')::oid;
  v_tenant text;
  v_problems jsonb := '[]'::jsonb;
begin
  select a.tenant into v_tenant from pgwhen._attachment_of(v_relation) a;
  if v_relation is null or v_found -> 'problem' ->> 'code' = 'WF018' then
    v_problems := pgwhen._problem(v_found -> 'problem' ->> 'code', p_place, v_found -> 'problem' ->> 'message', v_found -> 'problem' ->> 'hint');
  elsif v_tenant <> p_tenant then
    v_problems := pgwhen._problem('WF056', p_place, format('%s belongs to the tenant %s', p_name, v_tenant));
  elsif p_type <> 'query' and pg_relation_is_updatable(v_relation, true) & (case p_type when 'create' then 8 when 'update' then 4 else 16 end) = 0 then
    v_problems := pgwhen._problem('WF051', p_place, format('the rows of %s cannot be changed by %s', p_name, p_type),
      'write to the table behind it, or give the view an INSTEAD OF trigger');
  end if;
  return case when v_problems = '[]' then jsonb_build_object('relation', v_relation::bigint) else jsonb_build_object('problems', v_problems) end;
end
$$;
comment on function pgwhen._table_of_statement(text, text, text, text) is 'Table that a database step names: {relation}, or {problems}.';
