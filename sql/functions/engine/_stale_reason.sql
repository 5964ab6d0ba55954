-- Why something that was due at a time is not done any more without a person: null while it is fresh enough. Versions that were
-- published before stale_after existed have the default.
create or replace function pgwhen._stale_reason(p_compiled jsonb, p_due_at timestamptz, p_now timestamptz) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select format('stale: was due %s, %s ago; stale_after is %s', to_char(p_due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
    date_trunc('minute', p_now - p_due_at), l.longest)
  from (select make_interval(secs => coalesce((p_compiled ->> 'stale_after')::double precision, 86400)) as longest) l
  where p_due_at < p_now - l.longest
$$;
comment on function pgwhen._stale_reason(jsonb, timestamptz, timestamptz) is 'Why an action of a version (its compiled form) that was due at p_due_at is stale; null when it is not.';
