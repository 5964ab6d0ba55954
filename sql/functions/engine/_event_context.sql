-- What a trigger's condition sees when it needs nothing but the event: no execution and no table is read.
create or replace function pgwhen._event_context(p_event jsonb, p_vars jsonb, p_now timestamptz) returns jsonb
language sql stable
return jsonb_build_object('v', 1, 'new', p_event -> 'new', 'old', p_event -> 'old', 'changed', p_event -> 'changed',
  'input', p_event -> 'input', 'vars', p_vars, 'now', to_jsonb(p_now at time zone 'UTC') #>> '{}' || '+00:00',
  'event', jsonb_build_object('id', p_event -> 'event_id', 'operation', p_event -> 'operation', 'type', p_event -> 'event_type',
    'occurred_at', p_event -> 'occurred_at', 'actor', p_event -> 'actor', 'depth', p_event -> 'depth'));
comment on function pgwhen._event_context(jsonb, jsonb, timestamptz) is 'Context of a trigger condition: the event''s own roots.';
