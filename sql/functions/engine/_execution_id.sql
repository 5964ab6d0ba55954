-- What makes an execution exist once : its id is a function of the workflow and the start key, in the
-- time range of the start, so the primary key of one partition is the guard. Stable, not immutable, because extract is: an
-- immutable function over it would not be inlined.
create or replace function pgwhen._execution_id(p_workflow_id integer, p_start_key text, p_at timestamptz) returns uuid
language sql stable parallel safe
return (lpad(to_hex(trunc(extract(epoch from p_at) * 1000)::bigint), 12, '0') || '8'
  || overlay(substr(encode(sha256(convert_to(p_workflow_id || ':' || p_start_key, 'UTF8')), 'hex'), 1, 19) placing '8' from 4 for 1))::uuid;
comment on function pgwhen._execution_id(integer, text, timestamptz) is 'Id of the execution of a workflow for a start key (event:<id>) at a time.';
