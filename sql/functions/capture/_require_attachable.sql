-- What has no statement triggers with transition tables, or no life of its own, says why and what to do instead.
create or replace function pgwhen._require_attachable(p_table regclass) returns void
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_class record;
  v_reason text;
  v_hint text;
  v_parent regclass;
  v_foreign regclass;
begin
  select c.relkind, c.relpersistence, c.relispartition, n.nspname
  into v_class
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.oid = p_table;
  if v_class.nspname in ('pg_catalog', 'information_schema', 'pg_toast') then
    v_reason := 'is a system table, whose changes fire no triggers';
    v_hint := 'Attach a table of your application.';
  elsif v_class.nspname in ('pgwhen', 'pgwhen_sandbox', 'pgmq') then
    v_reason := format('belongs to %s: workflows would start themselves', split_part(v_class.nspname, '_', 1));
    v_hint := 'Attach a table of your application.';
  elsif v_class.relkind = 'v' then
    v_reason := 'is a view, which has no rows of its own';
    v_hint := 'Attach the tables that it selects from.';
  elsif v_class.relkind = 'm' then
    v_reason := 'is a materialized view: a refresh fires no triggers';
    v_hint := 'Attach the tables that it selects from.';
  elsif v_class.relkind = 'f' then
    v_reason := 'is a foreign table: its rows change where nobody here sees it';
    v_hint := 'Attach the table on its own server, or emit events: pgwhen.emit_event.';
  elsif v_class.relkind not in ('r', 'p') then
    v_reason := format('is %s, not a table', case v_class.relkind when 'S' then 'a sequence' when 'c' then 'a composite type' else 'an index' end);
    v_hint := 'Attach a table.';
  elsif v_class.relpersistence = 't' then
    v_reason := 'is temporary: it would be gone before a workflow reads it';
    v_hint := 'Attach a permanent table.';
  else
    select i.inhparent into v_parent
    from pg_inherits i
    join pg_trigger t on t.tgrelid = i.inhparent and t.tgfoid = 'pgwhen.capture_insert()'::regprocedure
    where i.inhrelid = p_table
    limit 1;
    if v_class.relispartition then
      select i.inhparent into v_parent from pg_inherits i where i.inhrelid = p_table;
      v_reason := format('is a partition of %s', v_parent);
      v_hint := format('Attach %s: its partitions are attached with it.', v_parent);
    elsif v_parent is not null and pgwhen._attachment_relation(pgwhen._own_attachment(p_table)) is null then
      v_reason := format('inherits from %s, which is attached, and is attached with it', v_parent);
      v_hint := format('Name %s in workflows; or detach it, and attach its children first.', v_parent);
    else
      with recursive tree as (
        select p_table::oid as relation
        union
        select i.inhrelid from tree t join pg_inherits i on i.inhparent = t.relation
      )
      select c.oid into v_foreign from tree t join pg_class c on c.oid = t.relation where c.relkind = 'f' limit 1;
      if found then
        v_reason := format('has the foreign table %s among its partitions or children, where a write would fail', v_foreign);
        v_hint := 'PostgreSQL hands no transition tables to triggers for foreign tables. Detach it from the table, or attach the other partitions'' data as a table of its own.';
      elsif pgwhen._has_user_cast(p_table) then
        v_reason := 'has a type with a cast to json that is not a superuser''s';
        v_hint := 'Capture would run the function of that cast with rights of its own. Drop the cast.';
      end if;
    end if;
  end if;
  if v_reason is not null then
    raise exception using errcode = 'WF110', message = format('cannot attach %s: it %s', p_table, v_reason), hint = v_hint;
  end if;
end
$$;
comment on function pgwhen._require_attachable(regclass) is 'Raises WF110 for what cannot be attached.';
