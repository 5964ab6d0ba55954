-- Called only where something is suppressed, windowed, capped or limited at all. Each look is at what the looks before it let through;
-- what counts (sends to a recipient, the clock of a connection) is counted for what is left in the end. Locks in this order: the
-- executions that go on because their message is stopped, recipients, connections.
create or replace function pgwhen._limit_sending(p_given jsonb, p_now timestamptz) returns jsonb
language plpgsql strict
set search_path = pg_catalog, pgwhen, pg_temp
set enable_hashjoin = on
as $$
declare
  v_given jsonb;
  v_step jsonb;
  v_result jsonb := '{}'::jsonb;
begin
  -- What publishing made of category, window and zone, once for each step.
  select jsonb_agg(g.value || coalesce(k.kept, '{}')) into v_given
  from jsonb_array_elements(p_given) g
  left join lateral (
    select (select jsonb_object_agg(e.key, e.value) from jsonb_each(s.compiled) e where e.key in ('category', 'window', 'timezone')) as kept
    from pgwhen.steps s
    where g.value ->> 'channel' in ('email', 'sms', 'push', 'chat') and s.workflow_id = (g.value ->> 'workflow_id')::integer
      and s.version = (g.value ->> 'version')::integer and s.step_id = g.value ->> 'step_id') k on true;

  for v_place in 1 .. 4 loop
    v_step := case v_place
      when 1 then case when exists (select from pgwhen.suppressions) then pgwhen._suppress_messages(v_given) end
      when 2 then pgwhen._defer_messages(v_given, p_now)
      when 3 then case when exists (select from pgwhen.settings s where s.name = 'recipient_caps') then pgwhen._cap_messages(v_given, p_now) end
      else pgwhen._limit_connections(v_given, p_now) end;
    if v_step <> '{}' then
      v_result := v_result || (select jsonb_object_agg(e.key, coalesce(v_result -> e.key, '{}') || e.value) from jsonb_each(v_step) e);
      select coalesce(jsonb_agg(g.value || coalesce(v_step -> (g.value ->> 'message_id'), '{}')), '[]') into v_given
      from jsonb_array_elements(v_given) g
      where not coalesce(v_step -> (g.value ->> 'message_id') ? 'verdict', false);
      if v_place = 1 then
        perform from pgwhen.executions x
        where x.execution_id = any (array(
          select (g.value ->> 'execution_id')::uuid from jsonb_array_elements(p_given) g where v_step -> (g.value ->> 'message_id') ->> 'verdict' = 'suppressed'))
        order by x.execution_id
        for no key update of x;
        perform pgwhen._log('info', array_agg(((g.value ->> 'execution_id')::uuid, g.value ->> 'step_id')::pgwhen.step_ref), array_agg(g.value ->> 'reason'))
        from jsonb_array_elements(v_given) g
        where g.value ? 'without' and g.value -> 'to' <> 'null'
        having count(*) > 0;
      end if;
    end if;
  end loop;
  if exists (select from pgwhen.settings s where s.name = 'recipient_caps') then
    perform pgwhen._count_sends(v_given, p_now);
  end if;
  return v_result;
end
$$;
comment on function pgwhen._limit_sending(jsonb, timestamptz) is 'What keeps messages from leaving, or from some recipients: by message, {verdict, until, reason, without}; those without an entry may leave.';
