-- apply: by hand
-- The triggers that select pgwhen.attach('leads') makes, to read; the argument is the number of the attachment. Before PostgreSQL 18 they
-- have no condition.
create trigger pgwhen_insert
after insert on leads
referencing new table as new_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_1_insert') is null)
execute function pgwhen.capture_insert('1');

create trigger pgwhen_update
after update on leads
referencing old table as old_rows new table as new_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_1_update') is null)
execute function pgwhen.capture_update('1');

create trigger pgwhen_delete
after delete on leads
referencing old table as old_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_1_delete') is null)
execute function pgwhen.capture_delete('1');

create trigger pgwhen_truncate
after truncate on leads
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_1_truncate') is null)
execute function pgwhen.capture_truncate('1');
