-- One kind a list: numbers as numbers, texts that are all times as times, other texts by code points. Missing keys go last
-- whichever way, and what is equal keeps its order.
create or replace function pgwhen._sorted(p_form jsonb, p_list jsonb, p_keys jsonb, p_desc boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_kinds text[] := array(select distinct jsonb_typeof(k.value) from jsonb_array_elements(p_keys) k where k.value <> 'null' order by 1);
  v_are_times boolean;
begin
  if cardinality(v_kinds) > 1 or v_kinds && '{array,object}' then
    return pgwhen._refuse_value('WF137', p_form, format('%s cannot be put in order', case when cardinality(v_kinds) > 1
      then array_to_string(v_kinds, 's and ') || 's' else v_kinds[1] || 's' end), 'Give values of one kind: numbers, texts or times.');
  end if;
  v_are_times := v_kinds = '{string}' and not exists (
    select from jsonb_array_elements(p_keys) k where k.value <> 'null' and pgwhen._as_instant(k.value) is null);
  return coalesce((
    with ranked as (
      select k.ordinality as n, k.value = 'null' as is_missing, dense_rank() over (order by
        case when v_kinds = '{number}' then pgwhen._as_numeric(k.value) end,
        case when v_are_times then pgwhen._as_instant(k.value) end,
        case when not v_are_times then k.value #>> '{}' end collate "C") as rank
      from jsonb_array_elements(p_keys) with ordinality k
    )
    select jsonb_agg(e.value order by r.is_missing, case when p_desc then - r.rank else r.rank end, r.n)
    from jsonb_array_elements(p_list) with ordinality e
    join ranked r on r.n = e.ordinality), '[]');
end
$$;
comment on function pgwhen._sorted(jsonb, jsonb, jsonb, boolean) is 'A list in the order of its keys, of which there is one for each item.';
