-- Inlined where it is called, so that outside of tests it costs nothing: an event needs it some thirty times. Volatile, so not to be
-- compared with an index: that is what _now is for.
create or replace function pgwhen._clock() returns timestamptz
language sql volatile
return case
  when coalesce(current_setting('pgwhen.now', true), '') = '' then clock_timestamp() -- wall clock: what _now() is without a test's clock
  else pgwhen._now()
end;
comment on function pgwhen._clock() is 'pgwhen._now(), faster.';
