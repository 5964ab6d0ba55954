-- The column as the event has it: a bare column, alias.column or new.column; null for anything else.
create or replace function pgwhen._changed_column(p_path jsonb, p_scope jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_scope ->> 'place' = 'becomes' or jsonb_array_length(p_path) <> 2 then null
    when p_scope -> 'records' ? (p_path ->> 0) or p_path ->> 0 in ('new', 'old') then jsonb_build_array('new', p_path -> 1)
  end
$$;
comment on function pgwhen._changed_column(jsonb, jsonb) is 'Path under new of the column that changed, changed_to and changed_from judge.';
