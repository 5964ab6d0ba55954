-- update: true takes every given column but those of the key; a list takes these; an object has values of its own ($1 -> 1).
create or replace function pgwhen._conflict_clause(p_spec jsonb, p_relation regclass, p_columns text[]) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_target constant text[] := array(select jsonb_array_elements_text(p_spec -> 'on_conflict'));
  v_update constant jsonb := p_spec -> 'update';
  v_columns text[];
  v_set text;
begin
  if v_target = '{}' then
    return '';
  elsif jsonb_typeof(v_update) = 'object' then
    v_columns := array(select jsonb_object_keys(v_update));
    v_set := (select string_agg(format('%1$I = (select u.%1$I from jsonb_to_record($1 -> 1) u (%2$s))', c, pgwhen._row_type(p_relation, v_columns)), ', ')
      from unnest(v_columns) c);
  elsif v_update is not null then
    v_set := (select string_agg(format('%1$I = excluded.%1$I', c), ', ') from unnest(p_columns) c
      where case jsonb_typeof(v_update) when 'array' then v_update ? c else v_update = 'true' and c <> all (v_target) end);
  end if;
  return format(' on conflict (%s) do %s', (select string_agg(quote_ident(c), ', ') from unnest(v_target) c),
    coalesce('update set ' || v_set, 'nothing'));
end
$$;
comment on function pgwhen._conflict_clause(jsonb, regclass, text[]) is 'ON CONFLICT of a create step; empty where it has none.';
