-- Derived from the list of the language, so that it shows what works and nothing else. Draft 7, which editors know; no
-- references to elsewhere.
create or replace function pgwhen.json_schema() returns jsonb
language sql immutable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with type as (
    select l.key, l.description from pgwhen._language() l where l.scope = 'type' and l.supported
  ), step as (
    select t.key, (pgwhen._object_schema(array['step', t.key]) || case t.key
        when 'condition' then '{"required": ["id", "if", "type"]}'
        when 'delay' then '{"oneOf": [{"required": ["for"]}, {"required": ["until"]}]}'
        when 'email' then '{"anyOf": [{"required": ["text"]}, {"required": ["html"]}]}'
        when 'http' then '{"allOf": [{"not": {"required": ["json", "form"]}}, {"not": {"required": ["json", "body"]}}, {"not": {"required": ["form", "body"]}}]}'
        else '{}' end::jsonb) || jsonb_build_object('title', t.key, 'description', t.description) as schema
    from type t
  ), exact as (
    -- What has no effect on a type is refused for it.
    select s.key, jsonb_set(s.schema, '{properties}',
      (s.schema -> 'properties' || jsonb_build_object('type', jsonb_build_object('const', s.key)))
      - case when s.key = 'stop' then '{retry,timeout,on_uncertain,on_error}'::text[] when s.key in ('condition', 'delay')
        then '{retry,timeout,on_uncertain}' else '{}' end) as schema
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
        'value', '{"description": "A literal, \"{{ path }}\", text with paths, {$path: ...} or {$literal: ...}."}'::jsonb,
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
          '{"type": "object", "minProperties": 1, "maxProperties": 1, "patternProperties": {"^\\$(literal|path)$": {}}, "additionalProperties": false}'::jsonb)),
        'triggers', '{"anyOf": [{"$ref": "#/definitions/trigger"}, {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/trigger"}}]}'::jsonb,
        'trigger', jsonb_build_object('anyOf', jsonb_build_array(
          pgwhen._object_schema('{trigger}')
            || '{"oneOf": [{"required": ["table", "row"]}, {"required": ["table", "becomes"]}, {"required": ["event"]}, {"required": ["manual"]}]}',
          jsonb_build_object('enum', to_jsonb(pgwhen._seed_names())))),
        'retry', pgwhen._object_schema('{retry}'),
        'inputs', jsonb_build_object('type', 'object', 'propertyNames', '{"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,62}$"}'::jsonb, 'additionalProperties', pgwhen._object_schema('{input}')),
        'on_error', '{"anyOf": [{"enum": ["fail", "continue"]}, {"$ref": "#/definitions/steps"}]}'::jsonb,
        'steps', '{"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/step"}}'::jsonb,
        'step', jsonb_build_object('type', 'object', 'required', '["id", "type"]'::jsonb, 'properties', jsonb_build_object('type',
            jsonb_build_object('enum', (select jsonb_agg(t.key order by t.key) from type t))),
          'allOf', (select jsonb_agg(jsonb_build_object('if', jsonb_build_object('properties', jsonb_build_object('type', jsonb_build_object('const', e.key))),
            'then', jsonb_build_object('$ref', '#/definitions/' || e.key || '_step')) order by e.key) from exact e)),
        'nodes', jsonb_build_object('type', 'array', 'minItems', 1, 'items', jsonb_build_object('type', 'object', 'required', '["id", "type"]'::jsonb,
          'properties', jsonb_build_object('type', jsonb_build_object('enum', (select jsonb_agg(t.key order by t.key) from type t))),
          'allOf', (select jsonb_agg(jsonb_build_object('if', jsonb_build_object('properties', jsonb_build_object('type', jsonb_build_object('const', e.key))), 'then',
            jsonb_set(e.schema, '{properties}', ((e.schema -> 'properties') - '{then,else,needs}'::text[])
              || (pgwhen._object_schema('{node}') -> 'properties'))) order by e.key)
            from exact e))),
        'edges', jsonb_build_object('type', 'array', 'items', jsonb_set(pgwhen._object_schema('{edge}'), '{properties,outcome}', '{"enum": ["success", "error", "true", "false", true, false]}')),
        'tests', jsonb_build_object('type', 'array', 'items', pgwhen._object_schema('{test}')),
        'given', pgwhen._object_schema('{given}'))
        || (select jsonb_object_agg(e.key || '_step', e.schema) from exact e)
      from operand o))
$$;
comment on function pgwhen.json_schema() is 'JSON Schema of the workflow language, as far as this version supports it.';
