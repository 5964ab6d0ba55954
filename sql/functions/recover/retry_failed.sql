-- In pages by id: an execution that fails again at once is behind the page, so that a caller who goes on until nothing comes back
-- ends.
create or replace function pgwhen.retry_failed(
  p_workflow text default null, p_since timestamptz default null, p_reason text default null,
  p_after uuid default null, p_max integer default 1000,
  p_until timestamptz default null, p_step text default null, p_error_code text default null)
returns table (execution_id uuid, result text)
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_column
declare
  v_ids uuid[] := array(
    select f.execution_id from pgwhen.find_executions('failed', p_workflow, p_step, p_since, p_until, p_error_code, p_after, p_max) f);
begin
  if v_ids <> '{}' then
    return query select r.execution_id, r.result from pgwhen.retry_executions(v_ids, p_reason) r;
  end if;
end
$$;
comment on function pgwhen.retry_failed(text, timestamptz, text, uuid, integer, timestamptz, text, text) is 'Retries the executions whose steps failed, by the filter of find_executions: the first p_max after p_after, in order of id.
Call again with the last id as p_after until nothing comes back.';
