create or replace function pgwhen._without_branches(p_step jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_step jsonb := p_step;
  v_place text[];
begin
  for v_place in select case b.place[1] when 'branches' then '{branches}' else b.place end from pgwhen._branches(p_step) b loop
    v_step := v_step #- v_place;
  end loop;
  return v_step;
end
$$;
comment on function pgwhen._without_branches(jsonb) is 'A step without the steps below it.';
