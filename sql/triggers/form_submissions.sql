-- apply: by hand
-- The triggers that select pgwhen.attach('form_submissions') makes, to read; the argument is the number of the attachment. Before PostgreSQL 18 they
-- have no condition.
create trigger pgwhen_insert
after insert on form_submissions
referencing new table as new_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_4_insert') is null)
execute function pgwhen.capture_insert('4');

create trigger pgwhen_update
after update on form_submissions
referencing old table as old_rows new table as new_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_4_update') is null)
execute function pgwhen.capture_update('4');

create trigger pgwhen_delete
after delete on form_submissions
referencing old table as old_rows
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_4_delete') is null)
execute function pgwhen.capture_delete('4');

create trigger pgwhen_truncate
after truncate on form_submissions
for each statement
when (pg_sequence_last_value('pgwhen.unsubscribed_4_truncate') is null)
execute function pgwhen.capture_truncate('4');
