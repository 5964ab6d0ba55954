-- The leaves that kept a condition from holding. What is unknown keeps it from holding whether negated or not.
create or replace function pgwhen._why_not(p_explained jsonb) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select string_agg(
    format('%s%s %s%s', case when l.negated then 'not ' end, l.source,
      case when l.result is null then 'cannot be told' when l.negated then 'holds' else 'does not hold' end,
      ': ' || l."left" || coalesce(' was ' || l.old_value::text || ' and', '') || case
        when l.left_value is null or l.left_value = 'null' then ' is missing' else ' is ' || left(l.left_value::text, 200) end
        || case when l.problem is not null then '; ' || l.problem when l.is_computed or l.source like '%{{%' then ', compared with ' || coalesce(nullif(left(l.right_value::text, 200), 'null'), 'a missing value') else '' end),
    '; ')
  from (
    select * from jsonb_to_recordset(p_explained -> 'leaves')
      as l (source text, "left" text, left_value jsonb, right_value jsonb, old_value jsonb, is_computed boolean, problem text, result boolean, negated boolean)
    where l.result is distinct from not l.negated
    limit 5
  ) l
$$;
comment on function pgwhen._why_not(jsonb) is 'Why a condition did not hold, in words, from what _explain_condition found.';
