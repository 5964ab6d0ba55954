-- One poison event must not stop the rest: a batch that fails is halved until the guilty event stands alone. An event that was
-- dispatched before is left out.
create or replace function pgwhen._dispatch_guarded(p_messages pgwhen.event_message[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_rest pgwhen.event_message[];
  v_half integer := cardinality(p_messages) / 2;
  v_state text;
  v_message text;
  v_context text;
begin
  begin
    perform pgwhen._dispatch_batch(p_messages);
    return;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text, v_context = pg_exception_context;
    if pgwhen._is_transient(v_state) then
      raise;
    end if;
  end;
  if v_state = '23505' then
    v_rest := array(
      select m from unnest(p_messages) m where not exists (select from pgwhen.events e where e.event_id = m.event_id offset 0) order by m.message_id);
    if cardinality(v_rest) < cardinality(p_messages) then
      perform pgwhen._dispatch_guarded(v_rest) where v_rest <> '{}';
      return;
    end if;
  end if;
  if v_half > 0 then
    perform pgwhen._dispatch_guarded(p_messages[1:v_half]);
    perform pgwhen._dispatch_guarded(p_messages[v_half + 1:]);
  else
    perform pgwhen._record_poison(p_messages[1], jsonb_build_object('code', v_state, 'message', v_message, 'context', v_context));
    perform pgwhen._settle_backfills(p_messages);
  end if;
end
$$;
comment on function pgwhen._dispatch_guarded(pgwhen.event_message[]) is 'Dispatches a batch; the event that makes it fail is recorded as failed, the rest goes on.';
