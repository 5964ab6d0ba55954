create or replace function pgwhen._form_values(p_text text)
returns table (place bigint, name text, value text)
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return query
  select p.n, pgwhen._percent_decode(split_part(p.pair, '=', 1)),
    pgwhen._percent_decode(case when strpos(p.pair, '=') > 0 then substr(p.pair, strpos(p.pair, '=') + 1) else '' end)
  from string_to_table(coalesce(p_text, ''), '&') with ordinality p (pair, n)
  where p.pair <> '';
exception
  when character_not_in_repertoire or untranslatable_character then
    raise exception using errcode = 'WF462', message = 'the callback is not a form: what it holds is not UTF-8',
      hint = 'Hand over the body byte for byte as it came.';
end
$$;
comment on function pgwhen._form_values(text) is 'Names and values of a form, or of the query of a URL, in their order. Raises WF462.';
