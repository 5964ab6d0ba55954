-- The window of the workflow and the quiet hours of the recipient, both by the same clock. Where the two never leave a moment free, the
-- quiet hours count: a message is deferred, never dropped. A table of holidays that cannot be read is told, not guessed.
create or replace function pgwhen._sending_opening(p_now timestamptz, p_window jsonb, p_quiet_from time, p_quiet_to time, p_timezone text,
  out opens_at timestamptz, out problem text)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_awake constant jsonb := case when p_quiet_from is not null then jsonb_build_object('from', p_quiet_to, 'to', p_quiet_from) end;
  v_holidays date[];
  v_state text;
  v_before timestamptz;
begin
  problem := p_window ->> 'problem';
  if problem is null and p_window is not null then
    begin
      v_holidays := pgwhen._read_holidays(p_window, '{}'::jsonb, p_now);
    exception
      when others then
        get stacked diagnostics v_state = returned_sqlstate, problem = message_text;
        if pgwhen._is_transient(v_state) then
          raise;
        end if;
    end;
  end if;
  if problem is not null then
    return;
  end if;
  opens_at := p_now;
  for v_count in 1 .. 30 loop
    v_before := opens_at;
    if p_window is not null then
      opens_at := pgwhen._fit_window(opens_at, null, p_window, v_holidays, p_timezone);
    end if;
    if v_awake is not null then
      opens_at := pgwhen._fit_window(opens_at, null, v_awake, '{}', p_timezone);
    end if;
    if opens_at = v_before then
      return;
    end if;
  end loop;
  opens_at := pgwhen._fit_window(p_now, null, v_awake, '{}', p_timezone);
end
$$;
comment on function pgwhen._sending_opening(timestamptz, jsonb, time, time, text) is 'When a message may leave (p_now if it may now) by a window and by quiet hours in a time zone; or the problem with the window.';
