-- Only where expressions stand: between braces, or the whole of a path that starts with $. What people read stays as it is.
create or replace function pgwhen._rename_in_text(p_text text, p_names jsonb) returns text
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_text not like '%steps%' then
    return p_text;
  elsif left(p_text, 1) = '$' then
    return pgwhen._rename_in_expression(p_text, p_names);
  end if;
  return (
    select string_agg(case when left(m.parts[1], 2) in ('{{', '{%') then pgwhen._rename_in_expression(m.parts[1], p_names)
      else m.parts[1] end,
      '' order by m.ordinality)
    from regexp_matches(p_text, '((?:[^{]|\{(?![{%]))+|\{\{(?:[^}]|\}(?!\}))*\}\}|\{%(?:[^%]|%(?!\}))*%\}|\{)', 'g')
      with ordinality as m (parts, ordinality));
end
$$;
comment on function pgwhen._rename_in_text(text, jsonb) is 'A string with the steps that it refers to renamed.';
