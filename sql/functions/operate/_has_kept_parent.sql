-- What a loop or an awaited start made is part of the execution that made it: neither says anything without the other.
create or replace function pgwhen._has_kept_parent(p_parent_execution_id uuid, p_cutoff timestamptz, p_failed_cutoff timestamptz) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_id uuid := p_parent_execution_id;
  v_parent record;
begin
  while v_id is not null loop
    select x.parent_execution_id, pgwhen._is_kept(x.status, x.had_failures, x.finished_at, p_cutoff, p_failed_cutoff) as is_kept into v_parent
    from pgwhen.executions x
    where x.execution_id = v_id;
    if v_parent.is_kept then
      return true;
    end if;
    v_id := v_parent.parent_execution_id;
  end loop;
  return false;
end
$$;
comment on function pgwhen._has_kept_parent(uuid, timestamptz, timestamptz) is 'Whether an execution stays because one that it is a child of does.';
