-- A wait without an end for what never comes would be silent for ever.
create or replace function pgwhen._require_teller(p_execution_id uuid, p_step_id text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_left record;
begin
  select f.connection, c.provider, c.provider in ('resend', 'sendgrid', 'mailgun', 'twilio', 'telnyx', 'messagebird') as tells,
    exists (select from pgwhen.callback_keys k where k.tenant = c.tenant and k.connection = c.name) as has_key
  into v_left
  from pgwhen.execution_steps s
  join pgwhen.executions x on x.execution_id = s.execution_id
  join pgwhen.frozen_messages f on f.execution_id = s.execution_id and f.step_id = s.step_id and f.generation = s.generation and f.part = s.part
  join pgwhen.connections c on c.name = f.connection and c.tenant in (x.tenant, 'default')
  where s.execution_id = p_execution_id and s.step_id = p_step_id and s.part = 0 and s.status = 'completed'
  order by c.tenant = x.tenant desc
  limit 1;
  if not v_left.tells then
    raise exception using errcode = 'WF468',
      message = format('the message of %s left by %s, and %s tells nothing of deliveries', p_step_id, v_left.connection, v_left.provider),
      hint = 'Give the wait a timeout, with timed_out for what happens then, or send by a provider that tells: docs/callbacks.md.';
  elsif not v_left.has_key then
    raise exception using errcode = 'WF468',
      message = format('the message of %s left by %s, which has no key for callbacks, so that nothing can be told', p_step_id, v_left.connection),
      hint = format('pgwhen deliveries key %s sets it; or give the wait a timeout, with timed_out for what happens then.', v_left.connection);
  end if;
  return true;
end
$$;
comment on function pgwhen._require_teller(uuid, text) is 'Refuses to wait for ever for what nobody can tell: WF468. True otherwise.';
