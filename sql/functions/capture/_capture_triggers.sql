-- The triggers that a table needs to be captured, and which of them it has. One place for their names and their shape.
create or replace function pgwhen._capture_triggers(p_table regclass, p_attachment_id integer)
returns table (relation regclass, operation text, statement text, attachment text, is_enabled boolean)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select r.relation, o.operation,
    format('create or replace trigger pgwhen_%1$s after %1$s on %2$s %3$sfor each statement execute function pgwhen.capture_%1$s(%4$L)',
      o.operation, r.relation, o.transition, p_attachment_id::text),
    pgwhen._trigger_attachment(t.tgargs), t.tgenabled <> 'D'
  from pgwhen._covered_tables(p_table) as r (relation)
  cross join (values
    ('insert', 'referencing new table as new_rows '),
    ('update', 'referencing old table as old_rows new table as new_rows '),
    ('delete', 'referencing old table as old_rows '),
    ('truncate', '')
  ) as o (operation, transition)
  left join pg_trigger t on t.tgrelid = r.relation and t.tgname = 'pgwhen_' || o.operation
    and t.tgfoid = to_regprocedure(format('pgwhen.capture_%s()', o.operation))
  where o.operation <> 'truncate' or r.relation = p_table
$$;
comment on function pgwhen._capture_triggers(regclass, integer) is 'Triggers that a table, its partitions and children need: statement that makes each, attachment of the one that is there.';
