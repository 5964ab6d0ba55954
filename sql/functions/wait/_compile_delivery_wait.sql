-- wait with delivery: the step is looked up as any path to one is, so that it exists, is seen from here and comes before. Providers
-- of push messages and chats tell nothing of what became of a message.
create or replace function pgwhen._compile_delivery_wait(p_step jsonb, p_scope jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_place constant text := p_path || '.delivery';
  v_step text;
  v_type text;
  v_resolved jsonb;
  v_problems jsonb := '[]'::jsonb;
begin
  if jsonb_typeof(p_step -> 'delivery') = 'string' and p_step ->> 'delivery' ~ '^steps\.[a-z][a-z0-9_]{0,39}$' then
    v_step := substr(p_step ->> 'delivery', 7);
    v_resolved := pgwhen._resolve_step_path(array['steps', v_step, 'status'], p_scope);
    v_type := p_scope -> 'steps' ->> v_step;
    if v_resolved ? 'problem' then
      v_problems := pgwhen._problem(v_resolved -> 'problem' ->> 'code', v_place, v_resolved -> 'problem' ->> 'message', v_resolved -> 'problem' ->> 'hint');
    elsif v_type not in ('email', 'sms', 'notification') then
      v_problems := pgwhen._problem('WF468', v_place,
        case when v_type in ('push', 'chat') then format('%s is a %s, and nobody tells whether one was delivered', v_step, v_type)
          else format('%s is a %s and sends no message to a person', v_step, v_type) end,
        'name a step that is an email, an sms or a notification');
    end if;
  end if;
  return pgwhen._result(jsonb_build_object('delivery', v_step, 'source', 'delivery', 'operations', '["event"]'::jsonb, 'given', '[]'::jsonb, 'key', null),
    v_problems, '[]', '[]', case when v_step is null or v_problems <> '[]' then '[]' else jsonb_build_array(v_step) end);
end
$$;
comment on function pgwhen._compile_delivery_wait(jsonb, jsonb, text) is 'Typed form of a wait for the delivery of a step''s message, with what is wrong with it.';
