-- The home of the defaults. Durations as seconds, so that nothing parses them again.
create or replace function pgwhen._retry_policy(p_default jsonb, p_step jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('attempts', r.given -> 'attempts', 'factor', r.given -> 'factor', 'jitter', r.given -> 'jitter',
    'backoff', extract(epoch from pgwhen._as_interval(r.given ->> 'backoff'))::float8,
    'max', extract(epoch from pgwhen._as_interval(r.given ->> 'max'))::float8,
    'within', extract(epoch from pgwhen._as_interval(r.given ->> 'within'))::float8)
  from (select '{"attempts": 3, "backoff": "30 seconds", "factor": 2, "max": "1 hour", "jitter": "full", "within": "20 hours"}'::jsonb
    || case jsonb_typeof(p_default) when 'object' then p_default else '{}' end
    || case jsonb_typeof(p_step) when 'object' then p_step else '{}' end as given) r
$$;
comment on function pgwhen._retry_policy(jsonb, jsonb) is 'Complete retry policy of a step: its own, else the workflow''s, else 3 attempts.';
