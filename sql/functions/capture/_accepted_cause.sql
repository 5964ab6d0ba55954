-- Whoever could set a cause could stop workflows by the loop guard, so a session's own setting counts in test mode only: else it has to
-- be sealed by run_database_step in this transaction.
-- What is no cause is ignored: a write must not fail for it.
create or replace function pgwhen._accepted_cause(p_cause text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_cause jsonb;
begin
  v_cause := p_cause::jsonb;
  if pgwhen._sealed_cause((v_cause ->> 'execution')::uuid, (v_cause ->> 'depth')::integer) is distinct from v_cause
    and not exists (select from pgwhen.settings s where s.name = 'test_mode' and s.value = 'true') then
    return null;
  end if;
  return jsonb_build_object('execution', (v_cause ->> 'execution')::uuid, 'depth', coalesce((v_cause ->> 'depth')::integer, 1));
exception
  when data_exception or program_limit_exceeded then
    return null;
end
$$;
comment on function pgwhen._accepted_cause(text) is 'The setting pgwhen.cause as JSON, null where it does not count.';
