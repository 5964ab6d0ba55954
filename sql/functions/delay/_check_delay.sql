-- Which keys go together, and literals that no execution could use.
create or replace function pgwhen._check_delay(p_step jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_count constant integer := (p_step ? 'for')::integer + (p_step ? 'until')::integer + (p_step ? 'working')::integer;
  v_problems jsonb := '[]'::jsonb;
  v_duration interval;
  v_time time;
begin
  if v_count > 1 then
    v_problems := pgwhen._problem('WF005', p_path, 'a delay has one of for, until and working');
  elsif v_count = 0 and not p_step ?| '{at,window}' then
    v_problems := pgwhen._problem('WF005', p_path, 'a delay step needs for, until, working, at or window');
  end if;
  if p_step ? 'working' and not p_step ? 'window' then
    v_problems := v_problems || pgwhen._problem('WF014', p_path || '.working', 'working goes with window: it is the time within it',
      'add a window, for example window: {days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00"}');
  end if;
  if p_step ? 'working' and p_step ? 'at' then
    v_problems := v_problems || pgwhen._problem('WF014', p_path || '.at', 'at goes with for or until: working time ends when it has passed');
  end if;
  if p_step ? 'offset' and not p_step ?| '{for,until}' then
    v_problems := v_problems || pgwhen._problem('WF014', p_path || '.offset', 'offset goes with until');
  end if;
  if p_step ? 'past' and not p_step ? 'until' then
    v_problems := v_problems || pgwhen._problem('WF014', p_path || '.past', 'past goes with until: what begins now is not past');
  end if;
  if jsonb_typeof(p_step -> 'for') = 'string' and pgwhen._as_interval(p_step ->> 'for') <= interval '0' then
    v_problems := v_problems || pgwhen._problem('WF011', p_path || '.for',
      format('%s is not a duration that passes', pgwhen._quote(p_step -> 'for')));
  end if;
  v_duration := case when jsonb_typeof(p_step -> 'working') = 'string' then pgwhen._as_interval(p_step ->> 'working') end;
  if pgwhen._working_problem(v_duration) is not null then
    v_problems := v_problems || pgwhen._problem('WF011', p_path || '.working', pgwhen._working_problem(v_duration),
      'write it like 8 hours or 1 hour 30 minutes; for days use for with a window');
  end if;
  if jsonb_typeof(p_step -> 'timezone') = 'string' and p_step ->> 'timezone' !~ '[{]' then
    v_problems := v_problems || pgwhen._check_kind('timezone', p_step -> 'timezone', p_path || '.timezone');
  end if;
  v_time := pgwhen._as_time(p_step -> 'at');
  if v_time is not null and p_step ? 'window' and pgwhen._check_kind('window', p_step -> 'window', '') = '[]'
    and not pgwhen._is_in_hours(v_time, p_step -> 'window') then
    v_problems := v_problems || pgwhen._problem('WF090', p_path || '.at', format('it is never %s within the window', p_step ->> 'at'),
      'give a time of day from from, and before to');
  end if;
  return v_problems;
end
$$;
comment on function pgwhen._check_delay(jsonb, text) is 'Problems with what the keys of a delay mean together.';
