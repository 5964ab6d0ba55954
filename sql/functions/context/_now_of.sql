-- The fixed clock of the context; a row that is judged on its own (becomes) has none.
create or replace function pgwhen._now_of(p_context jsonb) returns timestamptz
language sql stable
return coalesce(pgwhen._as_instant(p_context -> 'now'), pgwhen._now());
comment on function pgwhen._now_of(jsonb) is 'What is now to a condition or value: the context''s now, else the time.';
