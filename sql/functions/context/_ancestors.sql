-- Nearest first. Bodies of loops only: a started workflow sees nothing of the one that started it.
create or replace function pgwhen._ancestors(p_execution_id uuid) returns uuid[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_ids uuid[] := '{}'::uuid[];
  v_id uuid := p_execution_id;
begin
  loop
    select x.parent_execution_id into v_id from pgwhen.executions x where x.execution_id = v_id and x.body is not null;
    exit when v_id is null;
    v_ids := v_ids || v_id;
  end loop;
  return v_ids;
end
$$;
comment on function pgwhen._ancestors(uuid) is 'The executions whose loops an execution is an item of.';
