-- The body of a loop is part of the execution that the loop is in, at whatever depth.
create or replace function pgwhen._top_execution(p_execution_id uuid) returns uuid
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_id uuid;
  v_parent uuid := p_execution_id;
begin
  while v_parent is not null loop
    v_id := v_parent;
    v_parent := (select x.parent_execution_id from pgwhen.executions x where x.execution_id = v_id and x.body is not null);
  end loop;
  return v_id;
end
$$;
comment on function pgwhen._top_execution(uuid) is 'The execution that a loop''s item belongs to; itself for any other.';
