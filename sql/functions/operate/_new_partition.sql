-- A table like the migration makes them, not attached yet: same fill factor, row security and policy. Everything dynamic: the name
-- is computed.
create or replace function pgwhen._new_partition(p_table text, p_name text, p_comment text) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  execute format('create table pgwhen.%I (like pgwhen.%I including all) with (fillfactor = %s)', p_name, p_table,
    case p_table when 'executions' then 80 when 'execution_steps' then 70 else 100 end);
  execute format('alter table pgwhen.%I enable row level security', p_name);
  execute format('alter table pgwhen.%I force row level security', p_name);
  execute format('create policy owner on pgwhen.%I to pgwhen_owner using (true) with check (true)', p_name);
  execute format('comment on table pgwhen.%I is %L', p_name, p_comment);
end
$$;
comment on function pgwhen._new_partition(text, text, text) is 'Makes a table that can become a partition of p_table.';
