-- Inlined like _actor: outside of tests and workflows the setting is not there, and nothing else is looked at.
create or replace function pgwhen._cause() returns jsonb
language sql stable
return case
  when coalesce(current_setting('pgwhen.cause', true), '') <> ''
    then pgwhen._accepted_cause(current_setting('pgwhen.cause'))
end;
comment on function pgwhen._cause() is 'Execution that causes what this session writes, {"execution", "depth"}; null for the outside world.';
