-- The schedule of Standard Webhooks 1.0.0. Receivers know a message by its id for as long as it takes.
create or replace function pgwhen._webhook_retry() returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select '{"schedule": [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400], "attempts": 10, "within": 345600, "jitter": "full",
    "backoff": 5, "factor": 1, "max": 86400}'::jsonb
$$;
comment on function pgwhen._webhook_retry() is 'Retry policy of webhooks that have none: pauses in seconds.';
