-- In the order in which they were collected; without those whose step was cancelled or failed.
create or replace function pgwhen._digest_items(p_digest_id uuid) returns table (item jsonb, collected_at timestamptz)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select i.item, i.collected_at
  from pgwhen.digest_items i
  where i.digest_id = p_digest_id and coalesce((
    select s.status from pgwhen.execution_steps s
    where s.execution_id = i.execution_id and s.step_id = i.step_id and s.part = 0), 'completed') not in ('cancelled', 'failed')
  order by i.collected_at, i.execution_id, i.step_id
$$;
comment on function pgwhen._digest_items(uuid) is 'What a digest tells of.';
