-- Where a test stops a backend to kill it. Inlined where it is called; assert has PL/pgSQL evaluate it as an expression, where
-- perform would make a query of it.
create or replace function pgwhen._fail_point(p_name text) returns boolean
language sql volatile
return case when coalesce(current_setting('pgwhen.fail_point', true), '') <> '' then pgwhen._stop_at(p_name) else true end;
comment on function pgwhen._fail_point(text) is 'Stops here if a test asks for it; true.';
