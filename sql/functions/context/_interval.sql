create or replace function pgwhen._interval(p_text text) returns interval
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_interval interval := pgwhen._as_interval(p_text);
begin
  if v_interval is null and p_text is not null then
    raise exception using errcode = 'WF130', message = format('"%s" is not a duration', left(p_text, 100)),
      detail = 'A duration has numbers with units, from large to small, and is at most 1000 years.',
      hint = 'Write it like 30 seconds, 3 days, 1 hour 30 minutes, 30s, 3d or 1h30m.';
  end if;
  return v_interval;
end
$$;
comment on function pgwhen._interval(text) is 'A duration as PostgreSQL and people write it; raises WF130 for anything else.';
