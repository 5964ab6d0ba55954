-- Errors of the moment (deadlock, locks, disk, shutdown) are nobody's fault: they abort the batch, which is done again. All
-- others, running out of memory too, are blamed on the event or step that raises them, or a batch would fail for ever.
create or replace function pgwhen._is_transient(p_sqlstate text) returns boolean
language sql immutable parallel safe
return p_sqlstate <> '53200' and substr(p_sqlstate, 1, 2) in ('40', '53', '55', '57', '58', 'F0');
comment on function pgwhen._is_transient(text) is 'Whether an SQLSTATE says nothing about the data.';
