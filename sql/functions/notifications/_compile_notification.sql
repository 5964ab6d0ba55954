-- The recipient is compiled as any value is. A digest's key is a value too.
create or replace function pgwhen._compile_notification(p_step jsonb, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_names constant text[] := array['id', 'email', 'phone', 'push', 'chat', 'locale', 'timezone'];
  v_key jsonb := pgwhen._result(null);
  v_problems jsonb := '[]'::jsonb;
  v_digest jsonb := case p_step #>> '{digest}' when 'hourly' then '{"every": "hour"}' when 'daily' then '{"every": "day"}' else p_step -> 'digest' end;
  v_name text;
begin
  if p_scope -> 'records' ? 'notification' then
    v_problems := pgwhen._problem('WF018', p_path || '.type', 'a record is called notification, which is what messages of this step see as the notification',
      'pgwhen attach TABLE --alias NAME');
  end if;
  if jsonb_typeof(p_step -> 'to') = 'object' then
    for v_name in select k from jsonb_object_keys(p_step -> 'to') k where k <> all (c_names) loop
      v_problems := v_problems || pgwhen._problem('WF003', p_path || '.to.' || v_name, format('a recipient has no %s', v_name),
        coalesce('did you mean ' || pgwhen._nearest(v_name, c_names) || '?', 'it has ' || array_to_string(c_names, ', ')));
    end loop;
  end if;
  if jsonb_typeof(p_step -> 'message') = 'object' and p_step -> 'channels' @> '"email"' and not p_step -> 'message' ? 'subject' then
    v_problems := v_problems || pgwhen._problem('WF005', p_path || '.message', 'a message by e-mail needs subject');
  end if;
  if p_step ? 'fallback_after' and jsonb_typeof(p_step -> 'channels') = 'array' and jsonb_array_length(p_step -> 'channels') = 1 then
    v_problems := v_problems || pgwhen._problem('WF014', p_path || '.fallback_after', 'there is no second channel to fall back to');
  end if;
  if jsonb_typeof(v_digest) = 'object' and v_digest ? 'key' then
    v_key := pgwhen._compile_value(v_digest -> 'key', p_scope, p_path || '.digest.key', null);
    v_digest := v_digest || jsonb_build_object('key', v_key -> 'compiled');
  end if;
  return pgwhen._join_results(
    jsonb_strip_nulls(jsonb_build_object('channels', p_step -> 'channels', 'digest', v_digest, 'zone', p_scope -> 'timezone',
      'fallback', extract(epoch from pgwhen._as_interval(p_step ->> 'fallback_after'))::float8)),
    v_key, pgwhen._result(null, v_problems));
end
$$;
comment on function pgwhen._compile_notification(jsonb, jsonb, text) is 'Typed form of what a notification needs beside its values.';
