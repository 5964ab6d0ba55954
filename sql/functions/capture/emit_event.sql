create or replace function pgwhen.emit_event(
  p_type text,
  p_input jsonb default '{}',
  p_key text default null,
  p_tenant text default null
) returns uuid
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._own_tenant(p_tenant);
  v_cause jsonb := pgwhen._cause();
begin
  if p_type is null or p_type !~ '^[a-z][a-z0-9_.]{0,99}$' then
    raise exception using errcode = 'WF115', message = format('%s is no type of event', coalesce(quote_literal(left(p_type, 100)), 'null')),
      hint = 'Lower-case letters, digits, _ and dots, for example invoice.overdue.';
  end if;
  perform pgwhen._check_payload(p_input, p_key);
  return pgwhen._enqueue_once('event:' || v_tenant || ':' || p_type, p_key,
    jsonb_build_object('v', 1, 'operation', 'event', 'type', p_type, 'tenant', v_tenant, 'input', p_input, 'actor', pgwhen._actor())
      || case when v_cause is null then '{}' else jsonb_build_object('cause', v_cause) end);
end
$$;
comment on function pgwhen.emit_event(text, jsonb, text, text) is 'Tells workflows that something happened that no row shows. Part of the caller''s transaction.
p_type is like invoice.overdue; p_input, an object of at most 1 MB, is what workflows see as input; with p_key the same event is emitted once, and the first one''s id returned again. Returns the event''s id.';
