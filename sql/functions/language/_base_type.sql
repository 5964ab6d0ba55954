create or replace function pgwhen._base_type(p_type oid) returns oid
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_type oid := p_type;
  v_base oid;
begin
  loop
    select t.typbasetype into v_base from pg_type t where t.oid = v_type and t.typtype = 'd';
    exit when v_base is null;
    v_type := v_base;
  end loop;
  return v_type;
end
$$;
comment on function pgwhen._base_type(oid) is 'What a domain is made of; any other type is its own.';
