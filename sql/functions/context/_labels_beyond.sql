-- An enum's order is that of its labels, which SQL knows and text does not: a comparison becomes a list of the labels that meet it.
create or replace function pgwhen._labels_beyond(p_labels jsonb, p_op text, p_label text) returns jsonb
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_place bigint := (select e.ordinality from jsonb_array_elements_text(p_labels) with ordinality e where e.value = p_label);
begin
  if v_place is null then
    return null;
  end if;
  return (
    select coalesce(jsonb_agg(e.value order by e.ordinality), '[]')
    from jsonb_array_elements(p_labels) with ordinality e
    where case p_op when 'gt' then e.ordinality > v_place when 'gte' then e.ordinality >= v_place
      when 'lt' then e.ordinality < v_place when 'lte' then e.ordinality <= v_place end);
end
$$;
comment on function pgwhen._labels_beyond(jsonb, text, text) is 'Labels of an enum that are greater (gt), at least (gte), less (lt) or at most (lte) a label; null where that is none.';
