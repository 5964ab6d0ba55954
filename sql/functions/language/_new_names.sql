-- Identifiers that are none, each with what it becomes. Names that are taken get a number.
create or replace function pgwhen._new_names(p_ids jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_names jsonb := '{}'::jsonb;
  v_taken text[];
  v_id jsonb;
  v_text text;
  v_base text;
  v_name text;
  v_number integer;
begin
  select coalesce(array_agg(i.value #>> '{}'), '{}') into v_taken
  from jsonb_array_elements(p_ids) i where i.value #>> '{}' ~ '^[a-z][a-z0-9_]{0,39}$';
  for v_id in select i.value from jsonb_array_elements(p_ids) with ordinality i order by i.ordinality loop
    v_text := v_id #>> '{}';
    if jsonb_typeof(v_id) not in ('string', 'number') or v_text ~ '^[a-z][a-z0-9_]{0,39}$' or v_text = '' or v_names ? v_text then
      continue;
    end if;
    v_base := pgwhen._identifier(v_text, 'step');
    v_name := v_base;
    v_number := 1;
    while v_name = any (v_taken) loop
      v_number := v_number + 1;
      v_name := left(v_base, 39 - length(v_number::text)) || '_' || v_number;
    end loop;
    v_taken := v_taken || v_name;
    v_names := v_names || jsonb_build_object(v_text, v_name);
  end loop;
  return v_names;
end
$$;
comment on function pgwhen._new_names(jsonb) is 'Maps the ids in an array that are no identifiers to identifiers.';
