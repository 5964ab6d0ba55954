-- The one list of operators. operand says what stands on the right: value (of the column's type), list, text, instant, duration,
-- flag (true or false). types are the kinds of column it can judge, null for all.
create or replace function pgwhen._operators()
returns table (operator text, operand text, types text[], description text)
language sql immutable
begin atomic
  select o.operator, o.operand, o.types::text[], o.description
  from (values
      ('eq', 'value', null, 'equals'),
      ('ne', 'value', null, 'differs from; unknown, hence not met, where the column is null'),
      ('gt', 'value', '{numeric,text,timestamptz,timestamp,date,time,interval}', 'is greater than'),
      ('gte', 'value', '{numeric,text,timestamptz,timestamp,date,time,interval}', 'is at least'),
      ('lt', 'value', '{numeric,text,timestamptz,timestamp,date,time,interval}', 'is less than'),
      ('lte', 'value', '{numeric,text,timestamptz,timestamp,date,time,interval}', 'is at most'),
      ('in', 'list', null, 'equals one of a list'),
      ('not_in', 'list', null, 'equals none of a list'),
      ('contains', 'element', '{text,array,jsonb}', 'a text holds this text, a list this element'),
      ('starts_with', 'text', '{text}', 'begins with'),
      ('ends_with', 'text', '{text}', 'ends with'),
      ('matches', 'regex', '{text}', 'matches a regular expression of PostgreSQL'),
      ('is_empty', 'flag', null, 'missing, null, an empty text or an empty list'),
      ('is_not_empty', 'flag', null, 'the opposite of is_empty'),
      ('before', 'instant', '{timestamptz,timestamp,date}', 'is earlier than a time, "now + 2 hours" for example'),
      ('after', 'instant', '{timestamptz,timestamp,date}', 'is later than a time'),
      ('within', 'duration', '{timestamptz,timestamp,date}', 'is at most this long from now'),
      ('older_than', 'duration', '{timestamptz,timestamp,date}', 'is longer ago than'),
      ('changed', 'flag', null, 'the event changed the column'),
      ('changed_to', 'value', null, 'the event changed the column to this'),
      ('changed_from', 'value', null, 'the event changed the column from this')
  ) as o (operator, operand, types, description);
end;
comment on function pgwhen._operators() is 'The operators of conditions, with what each takes: the home of the list for schema, validation and reference.';
