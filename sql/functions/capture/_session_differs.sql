-- All of it at once, since seldom is any of it set: in a transaction of one row, making an expression ready to be evaluated costs
-- several times its evaluation, by the functions in it. Inlined; see _actor. A setting that was set locally once reads as ''
-- afterwards, which is not null: such a session is looked at closely, and found to be as others.
create or replace function pgwhen._session_differs() returns boolean
language sql stable
return coalesce(
  current_setting('pgwhen.now', true), current_setting('pgwhen.cause', true), current_setting('pgwhen.actor', true),
  current_setting('request.jwt.claims', true)) is not null;
comment on function pgwhen._session_differs() is 'Whether this session may have settings that an event shows: a clock, a cause, an actor.';
