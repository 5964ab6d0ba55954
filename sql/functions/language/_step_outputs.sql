-- For paths: types give the outputs that are always alike (_resolve_step_path), a transform says itself what it makes. A fallback
-- of another type may give another output, so nothing is known of that.
create or replace function pgwhen._step_outputs(p_steps jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object(
    'steps', coalesce(jsonb_object_agg(s.value ->> 'id', case when f.type is null or f.type = s.value -> 'step' -> 'type' then s.value -> 'step' -> 'type' end), '{}'),
    'outputs', coalesce(jsonb_object_agg(s.value ->> 'id', (
      select jsonb_object_agg(k, null) from jsonb_object_keys(s.value -> 'step' -> 'set') k))
      filter (where s.value -> 'step' ->> 'type' = 'transform' and jsonb_typeof(s.value -> 'step' -> 'set') = 'object' and f.type is null), '{}')
    || coalesce(jsonb_object_agg(s.value ->> 'id', '{"status": "text", "at": "timestamptz", "address": "text", "channel": "text", "connection": "text",
      "provider_message_id": "text", "event": "text", "detail": null, "reason": "text"}'::jsonb)
      filter (where s.value -> 'step' ->> 'type' = 'wait' and s.value -> 'step' ? 'delivery' and f.type is null), '{}'))
  from jsonb_array_elements(p_steps) s
  cross join lateral (select s.value #> '{step,on_error,fallback,type}' as type) f
$$;
comment on function pgwhen._step_outputs(jsonb) is 'What is known of the outputs of steps: their types, and the names that transforms set.';
