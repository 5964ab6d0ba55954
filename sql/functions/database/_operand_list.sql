-- Operands as SQL compares them: nulls apart, without those that can equal no value of the column (1.5 of an integer, what is no
-- label of an enum), is_unknown if one is not of the kind at all. items is null where there is no list.
create or replace function pgwhen._operand_list(p_kind text, p_labels text[], p_values jsonb, p_equal boolean)
returns table (items text[], has_null boolean, is_unknown boolean)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when coalesce(p_values, 'null') <> 'null' then coalesce(array_agg(o.text order by o.n) filter (where o.text is not null
      and case p_kind when 'integer' then not p_equal or o.text ~ '^-?\d{1,19}$' when 'enum' then o.text = any (p_labels) else true end), '{}') end,
    coalesce(bool_or(o.is_null), false), coalesce(bool_or(o.text is null and not o.is_null), false)
  from (
    select e.n, e.value = 'null' as is_null, case when e.value <> 'null' then pgwhen._operand_as(p_kind, e.value, p_labels) end as text
    from jsonb_array_elements(case jsonb_typeof(p_values) when 'array' then p_values else jsonb_build_array(p_values) end) with ordinality e (value, n)
  ) o
$$;
comment on function pgwhen._operand_list(text, text[], jsonb, boolean) is 'Operands of a test as texts of the kind that a column is compared as.';
