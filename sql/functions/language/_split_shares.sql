create or replace function pgwhen._split_shares(p_parts jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_array(p.key, coalesce(p.value -> 'share', p.value)) order by p.key), '[]')
  from jsonb_each(case jsonb_typeof(p_parts) when 'object' then p_parts else '{}' end) p
$$;
comment on function pgwhen._split_shares(jsonb) is 'Parts of a split as [[name, share], ...], in the order of their names.';
