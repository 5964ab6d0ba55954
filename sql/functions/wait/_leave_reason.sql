-- Whether an execution is to end before a step: its record is gone, or exit_if holds. The context has (record), the table of the
-- execution's record, where it has one: only then can it be missed. What a deletion started never had one to miss.
create or replace function pgwhen._leave_reason(p_leave jsonb, p_context jsonb) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_alias text := p_leave -> 'gone' ->> (p_context ->> '(record)');
begin
  if v_alias is not null and not p_context ? v_alias and p_context -> 'event' ->> 'operation' is distinct from 'delete' then
    return 'the record was deleted';
  elsif p_leave ? 'exit_if' and pgwhen._holds(p_leave -> 'exit_if', p_context) is true then
    return 'exit_if: ' || (p_leave ->> 'text');
  end if;
  return null;
end
$$;
comment on function pgwhen._leave_reason(jsonb, jsonb) is 'Why the execution ends here; null when it goes on.';
