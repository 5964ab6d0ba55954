-- Where a test stops a backend to kill it. Inlined where it is called, so that it costs a look at a setting where nobody tests.
create or replace function pgwhen._fail_point(p_name text) returns void
language sql volatile
return case when coalesce(current_setting('pgwhen.fail_point', true), '') <> '' then pgwhen._stop_at(p_name) end;
comment on function pgwhen._fail_point(text) is 'Stops here if a test asks for it.';
