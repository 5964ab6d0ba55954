-- Null rules of SQL: nulls do not count, and the sum of nothing is missing. $count alone of a missing list is 0.
create or replace function pgwhen._aggregate(p_form jsonb, p_list jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name constant text := p_form ->> 'form';
begin
  if v_name = '$count' then
    return to_jsonb((select count(*) from jsonb_array_elements(coalesce(p_list, '[]')) e where e.value <> 'null'));
  elsif p_list is null then
    return null;
  end if;
  case v_name
    when '$sum' then
      return pgwhen._as_json_number(p_form, (select sum(pgwhen._number(p_form, e.value)) from jsonb_array_elements(p_list) e));
    when '$avg' then
      return pgwhen._as_json_number(p_form, (
        select pgwhen._trimmed(avg(n.number), max(scale(n.number)))
        from (select pgwhen._number(p_form, e.value) as number from jsonb_array_elements(p_list) e offset 0) n));
    when '$min' then
      return pgwhen._sorted(p_form, p_list, p_list, false) -> 0;
    when '$max' then
      return pgwhen._sorted(p_form, p_list, p_list, true) -> 0;
    when '$distinct' then
      return coalesce((
        select jsonb_agg(d.value order by d.n)
        from (select (array_agg(e.value order by e.ordinality))[1] as value, min(e.ordinality) as n
          from jsonb_array_elements(p_list) with ordinality e group by e.value) d), '[]');
    else
      return p_list -> case v_name when '$first' then 0 else -1 end;
  end case;
end
$$;
comment on function pgwhen._aggregate(jsonb, jsonb) is 'Forms that take a list and give one value of it, and $distinct.';
