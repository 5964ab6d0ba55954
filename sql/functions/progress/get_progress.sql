-- The triggers are the switch: there is no second place that could say something else.
create or replace function pgwhen.get_progress() returns boolean
language sql stable security definer
return exists (select from pg_trigger t where t.tgrelid = 'pgwhen.executions'::regclass and t.tgname = 'note_inserted');
comment on function pgwhen.get_progress() is 'Whether progress is told by NOTIFY pgwhen_progress; set_progress switches it.';
