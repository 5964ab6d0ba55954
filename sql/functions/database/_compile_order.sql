create or replace function pgwhen._compile_order(p_order jsonb, p_relation oid, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_list constant jsonb := case jsonb_typeof(p_order) when 'array' then p_order else jsonb_build_array(p_order) end;
  v_columns jsonb := pgwhen._compile_columns(
    (select jsonb_agg(regexp_replace(o, '\s+(asc|desc)\s*$', '', 'i') order by n) from jsonb_array_elements_text(v_list) with ordinality e (o, n)),
    p_relation, p_place);
begin
  if v_columns -> 'problems' <> '[]' then
    return v_columns;
  end if;
  return pgwhen._result((
    select jsonb_agg(jsonb_build_object('column', c.value, 'desc', v_list ->> (c.ordinality - 1)::integer ~* '\sdesc\s*$') order by c.ordinality)
    from jsonb_array_elements(v_columns -> 'compiled') with ordinality c));
end
$$;
comment on function pgwhen._compile_order(jsonb, oid, text) is 'Columns to sort by, each with desc behind it or not.';
