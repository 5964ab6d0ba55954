-- As string_agg: nulls do not count.
create or replace function pgwhen._join_texts(p_list jsonb, p_separator jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_list is null or p_separator is null then
    return null;
  end if;
  return to_jsonb(coalesce((
    select string_agg(pgwhen._text(e.value), pgwhen._text(p_separator) order by e.ordinality)
    from jsonb_array_elements(p_list) with ordinality e where e.value <> 'null'), ''));
end
$$;
comment on function pgwhen._join_texts(jsonb, jsonb) is '$join: the items of a list as one text.';
