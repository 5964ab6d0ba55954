-- The one list of forms: what a value may be beside a literal and "{{ path }}". takes holds [key, kind] in order, a kind with ?
-- may be left out; the one key "of" means that the argument stands by itself. What follows name (the local name of an item) is
-- evaluated once per item. gives is the kind of the result where it is always the same.
create or replace function pgwhen._forms()
returns table (form text, takes jsonb, gives text, description text, example jsonb, place integer)
language sql immutable
begin atomic
  select f.form, f.takes::jsonb, f.gives, f.description, f.example::jsonb, (row_number() over ())::integer
  from (values
      ('$literal', '[["of", "any"]]', null, 'the argument as it stands, never evaluated', '{"$literal": "{{ not a path }}"}'),
      ('$path', '[["of", "path"]]', null, 'what a SQL/JSON path finds: a list where the path has a wildcard, filter or range, else one value',
        '{"$path": "$.job.items[*].total"}'),
      ('$default', '[["of", "values"]]', null, 'the first that is not missing', '{"$default": ["{{ job.title }}", "untitled"]}'),
      ('$if', '[["if", "condition"], ["then", "value"], ["else", "value?"]]', null, 'one value or the other',
        '{"$if": {"if": {"job.total": {"gte": 500}}, "then": "large", "else": "small"}}'),
      ('$case', '[["of", "cases"]]', null, 'the first whose condition holds',
        '{"$case": [{"if": {"job.total": {"gte": 500}}, "then": "large"}, {"else": "small"}]}'),

      ('$add', '[["of", "numbers"]]', 'numeric', 'the sum of its arguments', '{"$add": ["{{ job.total }}", 5]}'),
      ('$sub', '[["of", "pair"]]', 'numeric', 'the first less the second', '{"$sub": ["{{ job.total }}", 5]}'),
      ('$mul', '[["of", "numbers"]]', 'numeric', 'the product of its arguments', '{"$mul": ["{{ job.total }}", 1.21]}'),
      ('$div', '[["of", "pair"]]', 'numeric', 'the first divided by the second', '{"$div": ["{{ job.total }}", 4]}'),
      ('$round', '[["value", "number"], ["digits", "digits?"]]', 'numeric', 'rounded, half away from zero',
        '{"$round": {"value": "{{ job.total }}", "digits": 1}}'),

      ('$sum', '[["of", "list"]]', 'numeric', 'the sum of a list', '{"$sum": {"$path": "$.job.items[*].total"}}'),
      ('$avg', '[["of", "list"]]', 'numeric', 'the average of a list', '{"$avg": {"$path": "$.job.items[*].total"}}'),
      ('$min', '[["of", "list"]]', null, 'the least of a list', '{"$min": {"$path": "$.job.items[*].total"}}'),
      ('$max', '[["of", "list"]]', null, 'the greatest of a list', '{"$max": {"$path": "$.job.items[*].total"}}'),
      ('$count', '[["of", "list"]]', 'numeric', 'how many are not null', '{"$count": "{{ job.items }}"}'),
      ('$distinct', '[["of", "list"]]', 'array', 'each once, in order of first appearance', '{"$distinct": {"$path": "$.job.items[*].kind"}}'),
      ('$first', '[["of", "list"]]', null, 'the first', '{"$first": "{{ job.items }}"}'),
      ('$last', '[["of", "list"]]', null, 'the last', '{"$last": "{{ job.items }}"}'),
      ('$filter', '[["in", "list"], ["as", "name?"], ["if", "condition"]]', 'array', 'the items for which a condition holds',
        '{"$filter": {"in": "{{ job.items }}", "if": {"item.total": {"gt": 5}}}}'),
      ('$map', '[["in", "list"], ["as", "name?"], ["value", "value"]]', 'array', 'a value for each item',
        '{"$map": {"in": "{{ job.items }}", "as": "line", "value": "{{ line.total }}"}}'),
      ('$sort', '[["in", "list"], ["as", "name?"], ["by", "value?"], ["desc", "flag?"]]', 'array', 'in order, of the items or of a value of each',
        '{"$sort": {"in": "{{ job.items }}", "by": "{{ item.total }}", "desc": true}}'),
      ('$group', '[["in", "list"], ["as", "name?"], ["by", "value"]]', 'array', 'groups of items, each as {key, items}',
        '{"$group": {"in": "{{ job.items }}", "by": "{{ item.kind }}"}}'),

      ('$concat', '[["of", "values"]]', null, 'texts as one text, or lists as one list', '{"$concat": ["{{ job.title }}", "!"]}'),
      ('$join', '[["in", "list"], ["with", "text?"]]', 'text', 'the items of a list as one text', '{"$join": {"in": "{{ job.tags }}", "with": " + "}}'),

      ('$date', '[["field", "time"], ["trunc", "unit:year|quarter|month|week|day|hour|minute?"], ["offset", "duration?"], ["timezone", "zone?"]]',
        'timestamptz', 'a time, cut to its unit, then moved', '{"$date": {"field": "{{ job.due_at }}", "trunc": "month", "offset": "1 month"}}'),
      ('$format_date', '[["field", "time"], ["format", "text"], ["timezone", "zone?"]]', 'text', 'a time by a pattern of to_char',
        '{"$format_date": {"field": "{{ job.due_at }}", "format": "DD.MM.YYYY HH24:MI", "timezone": "Europe/Amsterdam"}}'),
      ('$age', '[["from", "time"], ["to", "time?"], ["unit", "unit:years|months|weeks|days|hours|minutes|seconds"], ["timezone", "zone?"]]',
        'numeric', 'whole units that have passed between two times, now unless to is given',
        '{"$age": {"from": "{{ job.due_at }}", "to": "2026-06-01", "unit": "days"}}')
  ) as f (form, takes, gives, description, example);
end;
comment on function pgwhen._forms() is 'The forms of values, with what each takes and gives: the home of the list for schema, validation and reference.';
