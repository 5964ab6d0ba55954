-- A table like the migration makes them, not attached yet: the storage options are those of the default partition, row security and
-- its policy are the same. Everything dynamic: the name is computed.
create or replace function pgwhen._new_partition(p_table text, p_name text, p_comment text) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_options text;
begin
  select array_to_string(c.reloptions, ', ') into v_options
  from pg_class c
  where c.oid = format('pgwhen.%I', p_table || '_default')::regclass;
  execute format('create table pgwhen.%I (like pgwhen.%I including all)%s', p_name, p_table, ' with (' || v_options || ')');
  execute format('alter table pgwhen.%I enable row level security', p_name);
  execute format('alter table pgwhen.%I force row level security', p_name);
  execute format('create policy owner on pgwhen.%I to pgwhen_owner using (true) with check (true)', p_name);
  execute format('comment on table pgwhen.%I is %L', p_name, p_comment);
end
$$;
comment on function pgwhen._new_partition(text, text, text) is 'Makes a table that can become a partition of p_table.';
