-- Inlined into capture, of whose cost the call of _now would be an eighth.
create or replace function pgwhen._occurred_at() returns timestamptz
language sql volatile
return case
  when coalesce(current_setting('pgwhen.now', true), '') = '' then clock_timestamp() -- wall clock: what _now() is without a test's clock
  else pgwhen._now()
end;
comment on function pgwhen._occurred_at() is 'pgwhen._now(), faster.';
