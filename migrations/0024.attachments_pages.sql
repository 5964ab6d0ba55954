-- Each statement on an attached table looks its attachment up. Where 30 to 300 of them stood on a few pages and were analysed, the
-- planner read them all rather than use the key: 100 rows for each row that somebody wrote. Four to a page, and a scan looks as dear
-- as it is. Rows that are there stay where they are until they are updated: to move them would take a lock that writers wait for.
-- depends: 0023.operations

set local search_path = pgwhen, pg_catalog;

alter table attachments set (fillfactor = 10);
