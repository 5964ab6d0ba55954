create or replace function pgwhen._close_notifications(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_told pgwhen.step_ref[] := array(
    select r from unnest(p_steps) r
    where exists (select from pgwhen.notifications n where n.execution_id = r.execution_id and n.step_id = r.step_id offset 0));
begin
  if v_told <> '{}' then
    perform pgwhen._cancel_messages(v_told, 'the notification ended');
  end if;
end
$$;
comment on function pgwhen._close_notifications(pgwhen.step_ref[]) is 'Cancels messages of notifications that have not left; other steps are passed over.';
