-- A step that waits for more than can come would never start.
create or replace function pgwhen._check_joins(p_steps jsonb, p_edges jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with waiting as (
    select s.value ->> 'id' as id, s.value ->> 'path' as path, s.ordinality as n,
      case s.value -> 'step' ->> 'join' when 'any' then 1 else (s.value -> 'step' -> 'join')::integer end as wanted
    from jsonb_array_elements(p_steps) with ordinality s
    where s.value -> 'step' ->> 'type' <> 'parallel'
      and (s.value -> 'step' -> 'join' = '"any"' or jsonb_typeof(s.value -> 'step' -> 'join') = 'number'
        and s.value -> 'step' ->> 'join' ~ '^\d{1,4}$')
  ), counted as (
    select w.id, w.path, w.n, w.wanted, count(distinct e.value ->> 'arm') as arms
    from waiting w
    left join jsonb_array_elements(p_edges) e on e.value ->> 'target' = w.id
    group by w.id, w.path, w.n, w.wanted
  )
  select coalesce(jsonb_agg(p.value order by c.n), '[]')
  from counted c
  cross join lateral jsonb_array_elements(pgwhen._problem('WF032', regexp_replace(c.path, '\.join$', '') || '.join',
    format('%s waits for %s of %s', c.id, c.wanted, c.arms), 'as many steps or branches as join says have to lead there')) p
  where c.wanted > c.arms
$$;
comment on function pgwhen._check_joins(jsonb, jsonb) is 'Problems with steps that wait for more steps than lead to them.';
