-- The triggers that a table needs to be captured, and which of them it has. One place for their names and their shape. Those of an
-- earlier version that lack the condition work, and look up each time.
create or replace function pgwhen._capture_triggers(p_table regclass, p_attachment_id integer)
returns table (relation regclass, operation text, statement text, attachment text, is_enabled boolean, is_current boolean)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select r.relation, o.operation,
    format('create or replace trigger pgwhen_%1$s after %1$s on %2$s %3$sfor each statement %4$sexecute function pgwhen.capture_%1$s(%5$L)',
      o.operation, r.relation, o.transition, s.condition, p_attachment_id::text),
    pgwhen._trigger_attachment(t.tgargs), t.tgenabled <> 'D', t.tgqual is not null or s.condition is null
  from pgwhen._covered_tables(p_table) as r (relation)
  cross join (values
    ('insert', 'referencing new table as new_rows '),
    ('update', 'referencing old table as old_rows new table as new_rows '),
    ('delete', 'referencing old table as old_rows '),
    ('truncate', '')
  ) as o (operation, transition)
  cross join lateral (
    select case when pgwhen._unsubscribed_sequence(p_attachment_id, o.operation) is not null
        then format('when (pg_sequence_last_value(''pgwhen.unsubscribed_%s_%s'') is null) ', p_attachment_id, o.operation)
      end as condition
  ) s
  left join pg_trigger t on t.tgrelid = r.relation and t.tgname = 'pgwhen_' || o.operation
    and t.tgfoid = to_regprocedure(format('pgwhen.capture_%s()', o.operation))
  where o.operation <> 'truncate' or r.relation = p_table
$$;
comment on function pgwhen._capture_triggers(regclass, integer) is 'Triggers that a table, its partitions and children need: statement that makes each, attachment of the one that is there.';
