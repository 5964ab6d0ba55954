-- What capture reads from the setting pgwhen.cause, which any session may set: the seal is a hash with a key that only we can read, of
-- this transaction, so that it is neither made nor used again elsewhere.
create or replace function pgwhen._sealed_cause(p_execution_id uuid, p_depth integer) returns jsonb
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('execution', p_execution_id, 'depth', p_depth, 'seal',
    encode(sha256(convert_to(concat_ws(':', k.key, pg_current_xact_id(), p_execution_id, p_depth), 'UTF8')), 'hex'))
  from pgwhen.cause_key k
$$;
comment on function pgwhen._sealed_cause(uuid, integer) is 'The cause of what this transaction writes, in a form that capture believes.';
