create or replace function pgwhen._same_key(p_old jsonb, p_new jsonb, p_key_columns text[]) returns boolean
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  for i in 1 .. cardinality(p_key_columns) loop
    if p_old -> p_key_columns[i] is distinct from p_new -> p_key_columns[i] then
      return false;
    end if;
  end loop;
  return cardinality(p_key_columns) > 0;
end
$$;
comment on function pgwhen._same_key(jsonb, jsonb, text[]) is 'Whether two rows are the same record; false where there is no key.';
