-- Messages that a step sends beside its own work (part above 0): those of approvals and of notifications.
create or replace function pgwhen._part_message(p_execution_id uuid, p_step_id text, p_generation integer, p_part integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select coalesce(pgwhen._approval_message(p_execution_id, p_step_id, p_generation, p_part),
    pgwhen._notification_message(p_execution_id, p_step_id, p_generation, p_part))
$$;
comment on function pgwhen._part_message(uuid, text, integer, integer) is 'Type, definition and context of a message of an approval or notification.';
