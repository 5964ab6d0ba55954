-- apply: by hand
-- The triggers that select pgwhen.attach('jobs') makes, to read; the argument is the number of the attachment. Before PostgreSQL 18 they
-- have no condition.
create trigger pgwhen_insert
after insert on jobs
referencing new table as new_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_2_insert') is null)
execute function pgwhen.capture_insert('2');

create trigger pgwhen_update
after update on jobs
referencing old table as old_rows new table as new_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_2_update') is null)
execute function pgwhen.capture_update('2');

create trigger pgwhen_delete
after delete on jobs
referencing old table as old_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_2_delete') is null)
execute function pgwhen.capture_delete('2');

create trigger pgwhen_truncate
after truncate on jobs
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_2_truncate') is null)
execute function pgwhen.capture_truncate('2');
