-- The loops of a definition by their ids: the name of their items, the loop that each is in, the table that their items are rows of.
-- A name is shared where it means rows of several tables: what a foreign key of such an item points to would have one place for all.
create or replace function pgwhen._find_loops(p_steps jsonb, p_tenant text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with loop as materialized (
    select s.value ->> 'id' as id, s.value -> 'body' as body, s.value -> 'step' ->> 'as' as name, f.found ->> 'table' as table_name,
      f.found -> 'relation' as relation,
      exists (select from jsonb_array_elements(p_steps) b where b.value -> 'body' = s.value -> 'id') as has_body
    from jsonb_array_elements(p_steps) s
    cross join lateral (select case when jsonb_typeof(s.value #> '{step,over,table}') = 'string'
      then pgwhen._find_table(s.value #>> '{step,over,table}', p_tenant) end as found) f
    where s.value -> 'step' ->> 'type' = 'loop'
  )
  select coalesce(jsonb_object_agg(l.id, jsonb_build_object('as', l.name, 'body', l.body, 'has_body', l.has_body, 'table', l.table_name,
    'relation', l.relation,
    'item_shared', (select count(distinct o.table_name) from loop o) > 1,
    'as_shared', (select count(distinct o.table_name) from loop o where o.name = l.name) > 1)), '{}')
  from loop l
$$;
comment on function pgwhen._find_loops(jsonb, text) is 'What is to be known of the loops of a definition before their steps are compiled.';
