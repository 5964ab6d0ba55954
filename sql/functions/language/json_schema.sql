-- Derived from the list of the language, so that it shows what works and nothing else. Draft 7, which editors know; no
-- references to elsewhere.
create or replace function pgwhen.json_schema() returns jsonb
language sql immutable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with type as (
    select l.key, l.description from pgwhen._language() l where l.scope = 'type' and l.supported
  ), step as (
    select t.key, (pgwhen._object_schema(pgwhen._step_scopes(t.key)) || case t.key
        when 'condition' then '{"required": ["id", "if", "type"]}'
        when 'switch' then '{"required": ["cases", "id", "type", "value"]}'
        when 'create' then '{"oneOf": [{"required": ["set"]}, {"required": ["rows"]}], "dependencies": {"update": ["on_conflict"]}}'
        when 'loop' then '{"required": ["id", "steps", "type"], "oneOf": [{"required": ["over"]}, {"required": ["while", "max"]}]}'
        when 'parallel' then '{"required": ["branches", "id", "type"]}'
        when 'wait' then '{"oneOf": [{"required": ["event"]}, {"required": ["table", "row"]}, {"required": ["until"]}, {"required": ["delivery"]}], "dependencies": {"row": ["table"], "timed_out": ["timeout"]}}'
        when 'delay' then '{"oneOf": [{"required": ["for"]}, {"required": ["until"]}, {"required": ["working"]},
            {"not": {"anyOf": [{"required": ["for"]}, {"required": ["until"]}, {"required": ["working"]}]}, "anyOf": [{"required": ["at"]}, {"required": ["window"]}]}],
          "dependencies": {"working": ["window"], "past": ["until"]}}'
        when 'email' then '{"anyOf": [{"required": ["text"]}, {"required": ["html"]}, {"required": ["markdown"]}, {"required": ["template"]}],
          "allOf": [{"anyOf": [{"required": ["subject"]}, {"required": ["template"]}]}, {"not": {"required": ["markdown", "text"]}}, {"not": {"required": ["markdown", "html"]}}]}'
        when 'sms' then '{"anyOf": [{"required": ["text"]}, {"required": ["template"]}]}'
        when 'chat' then '{"anyOf": [{"required": ["text"]}, {"required": ["template"]}]}'
        when 'calendar' then '{"not": {"required": ["end", "duration"]}, "dependencies": {"attendees": ["organizer"]}}'
        when 'push' then '{"oneOf": [{"required": ["to"]}, {"required": ["topic"]}],
          "anyOf": [{"required": ["title"]}, {"required": ["text"]}, {"required": ["data"]}, {"required": ["template"]}]}'
        when 'document' then '{"oneOf": [{"required": ["html"]}, {"required": ["markdown"]}, {"required": ["template"]}]}'
        when 'http' then '{"allOf": [{"not": {"required": ["json", "form"]}}, {"not": {"required": ["json", "body"]}}, {"not": {"required": ["form", "body"]}},
          {"not": {"required": ["multipart", "json"]}}, {"not": {"required": ["multipart", "form"]}}, {"not": {"required": ["multipart", "body"]}}]}'
        else '{}' end::jsonb) || jsonb_build_object('title', t.key, 'description', t.description) as schema
    from type t
  ), exact as (
    -- What has no effect on a type is refused for it.
    select s.key, jsonb_set(s.schema, '{properties}',
      (s.schema -> 'properties' || jsonb_build_object('type', jsonb_build_object('const', s.key)))
      - case when s.key = 'stop' then '{retry,timeout,on_uncertain,on_error}'::text[] when s.key in ('condition', 'delay', 'switch', 'parallel', 'split', 'transform', 'loop', 'start')
        then '{retry,timeout,on_uncertain}' when s.key = 'wait' then '{retry,on_uncertain}' when s.key in ('approval', 'query', 'create', 'update', 'delete', 'call') then '{on_uncertain}' else '{}' end) as schema
    from step s
  ), operand as (
    select jsonb_object_agg(o.operator, jsonb_build_object('description', o.description) || (case o.operand
        when 'flag' then '{"type": "boolean"}'
        when 'list' then '{"anyOf": [{"type": "array", "minItems": 1}, {"type": ["string", "object"]}]}'
        else '{}' end)::jsonb) as operators
    from pgwhen._operators() o
  )
  select jsonb_build_object('$schema', 'http://json-schema.org/draft-07/schema#', 'title', 'pgwhen workflow',
    'description', 'A workflow of pgwhen: what starts it, and what it does.') || pgwhen._object_schema('{workflow}')
    || '{"required": ["when"], "anyOf": [{"required": ["workflow"]}, {"required": ["name"]}], "oneOf": [{"required": ["steps"]}, {"required": ["nodes"]}],
        "dependencies": {"edges": ["nodes"]}}'
    || jsonb_build_object('definitions', (
      select jsonb_build_object(
        'identifier', '{"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}'::jsonb,
        'duration', '{"type": "string", "pattern": "\\d", "examples": ["30 seconds", "3 days", "1 hour 30 minutes", "30s", "3d"]}'::jsonb,
        'value', '{"description": "A literal, \"{{ path }}\", text with paths, a form such as {$sum: ...}, or an object or list of these.", "anyOf": [
            {"type": ["string", "number", "boolean", "null"]},
            {"type": "array", "items": {"$ref": "#/definitions/value"}},
            {"$ref": "#/definitions/form"},
            {"type": "object", "propertyNames": {"pattern": "^(?!\\$)"}, "additionalProperties": {"$ref": "#/definitions/value"}}]}'::jsonb,
        'form', (select jsonb_build_object('anyOf', jsonb_agg(jsonb_build_object('type', 'object', 'description', f.description,
            'required', jsonb_build_array(f.form), 'additionalProperties', false, 'properties', jsonb_build_object(f.form, pgwhen._form_schema(f.takes)))
            order by f.place)) from pgwhen._forms() f),
        'condition', jsonb_build_object('description', 'A map of columns or paths, all, any, not, or a SQL/JSON path predicate that begins with $.', 'anyOf', jsonb_build_array(
          '{"type": "string", "pattern": "^\\$"}'::jsonb,
          jsonb_build_object('type', 'object', 'minProperties', 1, 'properties', '{
              "all": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/condition"}},
              "any": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/condition"}},
              "not": {"$ref": "#/definitions/condition"}}'::jsonb,
            'additionalProperties', '{"$ref": "#/definitions/test"}'::jsonb))),
        'test', jsonb_build_object('description', 'A value to be equal to, or operators with operands.', 'anyOf', jsonb_build_array(
          '{"type": ["string", "number", "boolean", "null", "array"]}'::jsonb,
          jsonb_build_object('type', 'object', 'minProperties', 1, 'additionalProperties', false, 'properties', o.operators),
          '{"$ref": "#/definitions/form"}'::jsonb)),
        'triggers', '{"anyOf": [{"$ref": "#/definitions/trigger"}, {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/trigger"}}]}'::jsonb,
        'trigger', jsonb_build_object('anyOf', jsonb_build_array(
          pgwhen._object_schema('{trigger}')
            || '{"oneOf": [{"required": ["table", "row"]}, {"required": ["table", "becomes"]}, {"required": ["event"]}, {"required": ["manual"]}]}',
          jsonb_build_object('enum', to_jsonb(pgwhen._seed_names())))),
        'retry', pgwhen._object_schema('{retry}'),
        'approvers', '{"anyOf": [{"$ref": "#/definitions/approver"}, {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/approver"}}]}'::jsonb,
        'approver', jsonb_build_object('description', 'An e-mail address, a value that gives one or a list of them, or an object.', 'anyOf', jsonb_build_array(
          '{"type": "string", "pattern": "@|\\{\\{"}'::jsonb, pgwhen._object_schema('{approver}') || '{"minProperties": 1}',
          '{"type": "object", "minProperties": 1, "patternProperties": {"^\\$": {}}, "additionalProperties": false}'::jsonb)),
        'exits', jsonb_build_object('type', 'array', 'minItems', 1, 'items', pgwhen._object_schema('{exit}')
          || '{"oneOf": [{"required": ["event"]}, {"required": ["table", "row"]}], "dependencies": {"row": ["table"]}}'),
        'window', pgwhen._object_schema('{window}') || '{"minProperties": 1}',
        'holidays', jsonb_build_object('description', 'A list of dates, or a column of a table.', 'anyOf', jsonb_build_array(
          '{"type": "array", "items": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}}'::jsonb, pgwhen._object_schema('{holidays}'))),
        'over', jsonb_build_object('description', 'A list, a value that gives one, or the rows of a table.', 'anyOf', jsonb_build_array(
          '{"type": "null"}'::jsonb, '{"type": "array"}'::jsonb, '{"type": "string", "pattern": "\\{\\{"}'::jsonb, '{"$ref": "#/definitions/form"}'::jsonb,
          pgwhen._object_schema('{over}'))),
        'limits', pgwhen._object_schema('{limits}'),
        'auth', pgwhen._object_schema('{auth}') || '{"minProperties": 1, "maxProperties": 1}',
        'attachments', jsonb_build_object('type', 'array', 'minItems', 1, 'items', pgwhen._object_schema('{attachment}')
          || '{"oneOf": [{"required": ["document"]}, {"required": ["text", "file"]}]}'),
        'digest', jsonb_build_object('anyOf', jsonb_build_array('{"enum": ["hourly", "daily"]}'::jsonb, pgwhen._object_schema('{digest}'))),
        'remind', pgwhen._object_schema('{remind}'),
        'escalate', pgwhen._object_schema('{escalate}'),
        'approval_message', pgwhen._object_schema('{approval_message}'),
        'inputs', jsonb_build_object('type', 'object', 'propertyNames', '{"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,62}$"}'::jsonb, 'additionalProperties', pgwhen._object_schema('{input}')),
        'on_error', '{"anyOf": [{"enum": ["fail", "continue"]}, {"$ref": "#/definitions/steps"}, {"$ref": "#/definitions/told"},
          {"type": "object", "required": ["fallback"], "additionalProperties": false, "properties": {"fallback": {"$ref": "#/definitions/fallback"}}}]}'::jsonb,
        'default_on_error', '{"anyOf": [{"enum": ["fail", "continue"]}, {"$ref": "#/definitions/told"}]}'::jsonb,
        'told', '{"description": "A workflow that is started with the failure.", "type": "object", "required": ["workflow"], "additionalProperties": false,
          "properties": {"workflow": {"$ref": "#/definitions/identifier"}}}'::jsonb,
        'fallback', jsonb_build_object('description', 'A step that is done instead; its output stands for the step''s.', 'type', 'object', 'required', '["type"]'::jsonb,
          'properties', jsonb_build_object('type', jsonb_build_object('enum', (select jsonb_agg(t.key order by t.key) from type t)))),
        'steps', '{"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/step"}}'::jsonb,
        'step', jsonb_build_object('type', 'object', 'required', '["id", "type"]'::jsonb, 'properties', jsonb_build_object('type',
            jsonb_build_object('enum', (select jsonb_agg(t.key order by t.key) from type t))),
          'allOf', (select jsonb_agg(jsonb_build_object('if', jsonb_build_object('properties', jsonb_build_object('type', jsonb_build_object('const', e.key))),
            'then', jsonb_build_object('$ref', '#/definitions/' || e.key || '_step')) order by e.key) from exact e)),
        'nodes', jsonb_build_object('type', 'array', 'minItems', 1, 'items', jsonb_build_object('type', 'object', 'required', '["id", "type"]'::jsonb,
          'properties', jsonb_build_object('type', jsonb_build_object('enum', (select jsonb_agg(t.key order by t.key) from type t))),
          'allOf', (select jsonb_agg(jsonb_build_object('if', jsonb_build_object('properties', jsonb_build_object('type', jsonb_build_object('const', e.key))), 'then',
            jsonb_set(jsonb_set(e.schema, '{required}', (e.schema -> 'required') - '{cases,branches,steps}'::text[]), '{properties}',
              ((e.schema -> 'properties') - '{then,else,needs,cases,default,branches,steps,approved,rejected,timed_out}'::text[])
              || (pgwhen._object_schema('{node}') -> 'properties'))) order by e.key)
            from exact e))),
        'edges', jsonb_build_object('type', 'array', 'items', pgwhen._object_schema('{edge}')),
        'tests', jsonb_build_object('type', 'array', 'items', pgwhen._object_schema('{test}')),
        'given', pgwhen._object_schema('{given}'))
        || (select jsonb_object_agg(e.key || '_step', e.schema) from exact e)
      from operand o))
$$;
comment on function pgwhen.json_schema() is 'JSON Schema of the workflow language, as far as this version supports it.';
