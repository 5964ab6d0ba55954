-- Closed, it counts failures that follow each other; so many (the setting breaker_failures) open it for 30 seconds. What fails while it is
-- open left before, and does not count. After that it is half-open: the next failure opens it for twice as long, ten minutes at most, a
-- success closes it. The caller holds the connection's row.
create or replace function pgwhen._turn_breaker(p_tenant text, p_name text, p_is_well boolean, p_failures integer, p_latest jsonb, p_now timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  -- A setting that is no number is told by doctor, and keeps no report from being recorded.
  c_limit constant integer := coalesce((
    select case when s.value #>> '{}' ~ '^[1-9][0-9]{0,5}$' then (s.value #>> '{}')::integer end from pgwhen.settings s where s.name = 'breaker_failures'), 5);
  v_failures integer;
  v_opened_until timestamptz;
  v_is_open boolean;
  v_message text;
begin
  select c.failures, c.opened_until into v_failures, v_opened_until from pgwhen.connections c where c.tenant = p_tenant and c.name = p_name;
  v_is_open := v_opened_until is not null;
  if p_is_well then
    v_failures := 0;
    v_opened_until := null;
  elsif v_opened_until > p_now then
    return;
  end if;
  if v_opened_until is not null then
    v_failures := v_failures + 1;
    v_opened_until := p_now + 30 * power(2, least(greatest(v_failures - c_limit, 0), 5)) * interval '1 second';
    v_opened_until := least(v_opened_until, p_now + interval '10 minutes');
  else
    v_failures := least(v_failures + p_failures, c_limit);
    v_opened_until := case when v_failures >= c_limit then p_now + interval '30 seconds' end;
  end if;
  update pgwhen.connections c
  set failures = v_failures, opened_until = v_opened_until, updated_at = p_now
  where c.tenant = p_tenant and c.name = p_name and (c.failures, c.opened_until) is distinct from (v_failures, v_opened_until);
  if v_opened_until is not null then
    v_message := format('connection %s: circuit breaker open until %s after %s failures, the last: %s', p_name, pgwhen._when(v_opened_until), v_failures,
      coalesce(p_latest ->> 'message', 'no error recorded'));
  elsif v_is_open then
    v_message := format('connection %s: circuit breaker closed, it works again', p_name);
  end if;
  if v_message is not null then
    raise log '%', v_message;
    perform pgwhen._log(case when v_opened_until is not null then 'warning' else 'info' end,
      array[((p_latest ->> 'execution')::uuid, p_latest ->> 'step')::pgwhen.step_ref], array[v_message]);
  end if;
end
$$;
comment on function pgwhen._turn_breaker(text, text, boolean, integer, jsonb, timestamptz) is 'Counts failures and successes of a connection (p_is_well: one succeeded, p_failures followed), and opens or closes its circuit breaker.';
