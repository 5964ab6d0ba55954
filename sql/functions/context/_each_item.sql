-- The value or condition is evaluated over a context that holds the item and what else it reads, nothing more. Of forms within
-- forms all share one budget of evaluations (the key # of the context), divided among the items of each.
create or replace function pgwhen._each_item(p_form jsonb, p_list jsonb, p_context jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name constant text := p_form ->> 'form';
  v_count constant integer := jsonb_array_length(p_list);
  v_budget constant integer := coalesce((p_context ->> '#')::integer, 500000);
  v_base jsonb := case when p_form ? 'picks' then pgwhen._pick(p_context, p_form -> 'picks') else p_context end;
  v_context jsonb;
  v_values jsonb[] := '{}'::jsonb[];
  v_value jsonb;
  v_size bigint := 0;
begin
  if p_list is null or v_count = 0 then
    return p_list;
  elsif v_count > v_budget then
    return pgwhen._refuse_value('WF139', p_form, 'forms within forms go over too many items', 'Use $filter on the outer list first, or a query step.');
  elsif v_count::bigint * pg_column_size(v_base) > 1000000000 then
    return pgwhen._refuse_value('WF139', p_form, 'what it reads for each item is too large', 'Make it a value of a transform step before.');
  elsif v_name = '$sort' and not p_form ? 'by' then
    return pgwhen._sorted(p_form, p_list, p_list, coalesce((p_form #> '{desc,literal}')::boolean, false));
  end if;
  v_base := v_base || jsonb_build_object('#', v_budget / v_count);
  for v_value in select e.value from jsonb_array_elements(p_list) with ordinality e order by e.ordinality loop
    v_context := v_base || jsonb_build_object(p_form ->> 'as', v_value);
    if v_name = '$filter' then
      v_value := to_jsonb(pgwhen._holds(p_form -> 'if', v_context));
    else
      v_value := pgwhen._value(p_form -> case v_name when '$map' then 'value' else 'by' end, v_context);
    end if;
    v_size := v_size + coalesce(pg_column_size(v_value), 0);
    if v_size > 10000000 then
      return pgwhen._refuse_value('WF139', p_form, 'the result has more than 1 MB', 'Take only what is needed of each item.');
    end if;
    v_values := v_values || coalesce(v_value, 'null');
  end loop;
  return case v_name
    when '$map' then to_jsonb(v_values)
    when '$filter' then (
      select coalesce(jsonb_agg(e.value order by e.ordinality), '[]')
      from jsonb_array_elements(p_list) with ordinality e where v_values[e.ordinality] = 'true')
    when '$sort' then pgwhen._sorted(p_form, p_list, to_jsonb(v_values), coalesce((p_form #> '{desc,literal}')::boolean, false))
    when '$group' then (
      select jsonb_agg(jsonb_build_object('key', g.key, 'items', g.items) order by g.n)
      from (
        select (array_agg(v.value order by v.n))[1] as key, jsonb_agg(e.value order by v.n) as items, min(v.n) as n
        from unnest(v_values) with ordinality v (value, n)
        join jsonb_array_elements(p_list) with ordinality e on e.ordinality = v.n
        group by v.value) g)
  end;
end
$$;
comment on function pgwhen._each_item(jsonb, jsonb, jsonb) is '$map, $filter, $sort and $group: forms that look at each item of a list.';
