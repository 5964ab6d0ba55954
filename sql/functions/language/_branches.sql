-- The one list of what may stand below a step: whoever walks through a tree of steps asks here, so that a new type is one row.
-- A fallback is a single step, with an identifier of its own; all others are lists. What is no list stands aside, for _check_kind
-- to name.
create or replace function pgwhen._branches(p_step jsonb)
returns table (key text, steps jsonb, outcome text, is_body boolean, place text[])
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with branch (key, steps, outcome, is_body, place, n) as (
    select k.key, p_step -> k.key, k.outcome, k.is_body, array[k.key], k.n
    from (values
      ('condition', 'then', 'true', false, 1), ('condition', 'else', 'false', false, 2),
      ('switch', 'default', 'default', false, 4),
      ('loop', 'steps', null, true, 1),
      ('wait', 'timed_out', 'timed_out', false, 1),
      ('approval', 'approved', 'approved', false, 1), ('approval', 'rejected', 'rejected', false, 2),
      ('approval', 'timed_out', 'timed_out', false, 3)) as k (type, key, outcome, is_body, n)
    where k.type = p_step ->> 'type'
    union all
    select 'cases.' || c.key, c.value, 'case:' || c.key, false, array['cases', c.key], 3
    from jsonb_each(case when p_step ->> 'type' = 'switch' and jsonb_typeof(p_step -> 'cases') = 'object' then p_step -> 'cases' else '{}' end) c
    union all
    select format('branches[%s]', b.n - 1), b.value, 'success', false, array['branches', (b.n - 1)::text], 3
    from jsonb_array_elements(case when p_step ->> 'type' = 'parallel' and jsonb_typeof(p_step -> 'branches') = 'array'
      then p_step -> 'branches' else '[]' end) with ordinality b (value, n)
    union all
    select format('parts.%s.steps', p.key), p.value -> 'steps', 'part:' || p.key, false, array['parts', p.key, 'steps'], 3
    from jsonb_each(case when p_step ->> 'type' = 'split' and jsonb_typeof(p_step -> 'parts') = 'object' then p_step -> 'parts' else '{}' end) p
    union all
    select 'on_error', p_step -> 'on_error', 'error', false, array['on_error'], 5
    union all
    select 'on_error.fallback', jsonb_build_object('id', left(p_step ->> 'id', 31) || '_fallback') || (p_step -> 'on_error' -> 'fallback'), 'error',
      false, array['on_error', 'fallback'], 6
    where jsonb_typeof(p_step -> 'on_error' -> 'fallback') = 'object'
  )
  select b.key, b.steps, b.outcome, b.is_body, b.place
  from branch b
  where jsonb_typeof(b.steps) = 'array' or b.key = 'on_error.fallback'
  order by b.n, array_length(b.place, 1), length(b.key), b.key
$$;
comment on function pgwhen._branches(jsonb) is 'The steps below a step: under which key, after which outcome, and whether they are the body of a loop.';
