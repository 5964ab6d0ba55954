-- The classes are explained in docs/delivery.md. Only an answer about this message counts as a try: throttling and bad credentials are the
-- connection's trouble. Uncertain is tried again with the same bytes and key unless on_uncertain says stop; then a person
-- decides. Full jitter spreads the retries of a provider's bad minute; a schedule is kept but for a tenth. What left in one call is
-- tried again in one call, so its messages sleep equally long.
create or replace function pgwhen._decide_report(p_class text, p_retry_after_seconds double precision, p_compiled jsonb, p_tries integer,
  p_tried_since timestamptz, p_batch_id uuid, p_is_open boolean, p_now timestamptz,
  out status text, out due_at timestamptz, out reason text, out counts integer)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_retry jsonb := p_compiled -> 'retry';
  v_schedule jsonb := p_compiled -> 'retry' -> 'schedule';
  v_chance double precision;
  v_wait double precision;
begin
  counts := case when p_class in ('throttled', 'auth') then 0 else 1 end;
  if p_class = 'permanent' or not p_is_open then
    status := 'failed';
    return;
  end if;
  if p_class = 'auth' then
    status := 'held';
    reason := 'the provider refused the credentials';
    return;
  end if;
  if p_class = 'uncertain' and p_compiled ->> 'on_uncertain' = 'stop' then
    status := 'uncertain';
    reason := 'whether the message left is unknown, and on_uncertain is stop: a person decides, pgwhen skip-step if it was sent, pgwhen retry if not';
    return;
  end if;
  v_chance := case when p_batch_id is null then random() else pgwhen._chance(p_batch_id || ':' || p_tries) end;
  if v_schedule is not null then
    v_wait := (v_schedule ->> least(p_tries, jsonb_array_length(v_schedule) - 1))::double precision * (1 + 0.1 * v_chance);
  else
    v_wait := least((v_retry ->> 'max')::double precision,
      (v_retry ->> 'backoff')::double precision * power((v_retry ->> 'factor')::double precision, least(p_tries, 60)));
    if v_retry ->> 'jitter' = 'full' then
      v_wait := v_wait * v_chance;
    end if;
  end if;
  due_at := p_now + greatest(v_wait, least(coalesce(p_retry_after_seconds, 0), 86400)) * interval '1 second';
  if p_class <> 'throttled' and p_tries + 1 >= (v_retry ->> 'attempts')::integer then
    status := 'failed';
    reason := format('gave up after %s attempts', p_tries + 1);
  elsif due_at > p_tried_since + (v_retry ->> 'within')::double precision * interval '1 second' then
    status := 'failed';
    reason := format('gave up: the next attempt would be later than %s after the first', make_interval(secs => (v_retry ->> 'within')::double precision));
  else
    status := 'sleeping';
    reason := format('waits for attempt %s', p_tries + 1 + counts);
    return;
  end if;
  due_at := null;
end
$$;
comment on function pgwhen._decide_report(text, double precision, jsonb, integer, timestamptz, uuid, boolean, timestamptz) is 'What a step comes to after an attempt that did not go well (any class but ok).
p_tried_since is when its first attempt began, and later by what it was kept back since then; p_batch_id what it left in, null for a message alone.';
