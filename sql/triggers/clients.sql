-- apply: by hand
-- The triggers that select pgwhen.attach('clients') makes, to read; the argument is the number of the attachment. Before PostgreSQL 18 they
-- have no condition.
create trigger pgwhen_insert
after insert on clients
referencing new table as new_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_3_insert') is null)
execute function pgwhen.capture_insert('3');

create trigger pgwhen_update
after update on clients
referencing old table as old_rows new table as new_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_3_update') is null)
execute function pgwhen.capture_update('3');

create trigger pgwhen_delete
after delete on clients
referencing old table as old_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_3_delete') is null)
execute function pgwhen.capture_delete('3');

create trigger pgwhen_truncate
after truncate on clients
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_3_truncate') is null)
execute function pgwhen.capture_truncate('3');
