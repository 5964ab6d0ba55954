-- The JSON Schema of a kind of value: what _check_kind checks, as far as JSON Schema can say it.
create or replace function pgwhen._kind_schema(p_kind text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  case
    when p_kind like 'enum:%GET%' then
      -- Methods are accepted in any case.
      return jsonb_build_object('type', 'string', 'pattern', '^(?:' || (
        select string_agg((select string_agg(format('[%s%s]', c, lower(c)), '' order by n)
          from regexp_split_to_table(m, '') with ordinality s (c, n)), '|')
        from unnest(string_to_array(substr(p_kind, 6), '|')) m) || ')$', 'examples',
          to_jsonb(string_to_array(substr(p_kind, 6), '|')));
    when p_kind like 'enum:%' then
      return jsonb_build_object('enum', to_jsonb(string_to_array(substr(p_kind, 6), '|')));
    when p_kind in ('timeout', 'age') then
      return '{"$ref": "#/definitions/duration"}'::jsonb;
    when p_kind = 'value' or p_kind like 'value:%' then
      return '{"$ref": "#/definitions/value"}'::jsonb;
    when p_kind in ('condition', 'duration', 'identifier', 'steps', 'nodes', 'retry', 'on_error', 'default_on_error', 'triggers', 'edges', 'tests',
      'given', 'inputs', 'approvers', 'remind', 'escalate', 'approval_message', 'exits', 'over', 'window', 'holidays', 'limits', 'attachments', 'auth', 'digest') then
      return jsonb_build_object('$ref', '#/definitions/' || p_kind);
    else
      return (case p_kind
        when 'any' then '{}'
        when 'need' then '{"anyOf": [{"enum": ["all", "majority"]}, {"type": "integer", "minimum": 1, "maximum": 999}]}'
        when 'json' then '{}'
        when 'type' then '{"type": "string"}'
        when 'text' then '{"type": "string", "pattern": "\\S"}'
        when 'template' then '{"type": ["string", "number"], "pattern": "\\S"}'
        when 'texts' then '{"type": "array", "items": {"type": "string", "pattern": "\\S"}}'
        when 'templates' then '{"anyOf": [{"type": ["string", "number"], "minLength": 1}, {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "\\S"}}]}'
        when 'identifiers' then '{"anyOf": [{"$ref": "#/definitions/identifier"}, {"type": "array", "items": {"$ref": "#/definitions/identifier"}}]}'
        when 'event_type' then '{"type": "string", "pattern": "^[a-z][a-z0-9_.]{0,99}$"}'
        when 'boolean' then '{"type": "boolean"}'
        when 'assignments' then '{"type": "object", "additionalProperties": {"$ref": "#/definitions/value"}}'
        when 'rows' then '{"anyOf": [{"type": "string", "pattern": "\\{\\{"}, {"type": "object", "minProperties": 1, "maxProperties": 1, "patternProperties": {"^\\$": {}}, "additionalProperties": false}, {"type": "array", "minItems": 1, "items": {"type": "object", "additionalProperties": {"$ref": "#/definitions/value"}}}]}'
        when 'conflict_update' then '{"anyOf": [{"const": true}, {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "\\S"}}, {"type": "object", "minProperties": 1, "additionalProperties": {"$ref": "#/definitions/value"}}]}'
        when 'expect' then '{"anyOf": [{"type": "integer", "minimum": 100, "maximum": 599}, {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 100, "maximum": 599}}, {"type": "object"}]}'
        when 'redirects' then '{"type": "integer", "minimum": 0, "maximum": 10}'
        when 'multipart' then '{"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [{"type": ["string", "number", "boolean", "null", "array"]}, {"type": "object", "oneOf": [{"required": ["text"]}, {"required": ["document"]}], "additionalProperties": false, "properties": {"text": {}, "document": {}, "file": {}, "media_type": {}}}]}}]}'
        when 'step_path' then '{"type": "string", "pattern": "^steps\\.[a-z][a-z0-9_]{0,39}$"}'
        when 'channels' then '{"type": "array", "minItems": 1, "items": {"enum": ["push", "email", "sms", "chat"]}}'
        when 'connections' then '{"type": "object", "additionalProperties": {"type": "string"}}'
        when 'notification_message' then '{"anyOf": [{"$ref": "#/definitions/identifier"}, {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "number"]}}]}'
        when 'order' then '{"anyOf": [{"type": "string", "pattern": "\\S"}, {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "\\S"}}]}'
        when 'at_once' then '{"type": "integer", "minimum": 1, "maximum": 1000}'
        when 'iterations' then '{"type": "integer", "minimum": 1, "maximum": 1000000}'
        when 'on_item_error' then '{"anyOf": [{"enum": ["fail", "continue"]}, {"type": "object", "required": ["max"], "additionalProperties": false, "properties": {"max": {"type": "integer", "minimum": 0}}}]}'
        when 'weekdays' then '{"type": "array", "minItems": 1, "items": {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}}'
        when 'time_of_day' then '{"type": "string", "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00)$"}'
        when 'limit' then '{"type": "integer", "minimum": 1, "maximum": 10000}'
        when 'max_rows' then '{"type": "integer", "minimum": 1, "maximum": 1000000000}'
        when 'true' then '{"const": true}'
        when 'timezone' then '{"type": "string", "pattern": "^(UTC|[A-Za-z_]+/[A-Za-z0-9_/+-]+)$"}'
        when 'attempts' then '{"type": "integer", "minimum": 1, "maximum": 100}'
        when 'factor' then '{"type": "number", "minimum": 1, "maximum": 10}'
        when 'object' then '{"type": "object"}'
        when 'join' then '{"anyOf": [{"enum": ["all", "any"]}, {"type": "integer", "minimum": 1, "maximum": 9999}]}'
        when 'outcome' then '{"type": ["string", "boolean", "number"], "minLength": 1}'
        when 'cases' then '{"type": "object", "minProperties": 1, "propertyNames": {"pattern": "^.{1,100}$"}, "additionalProperties": {"type": "array", "items": {"$ref": "#/definitions/step"}}}'
        when 'branches' then '{"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/steps"}}'
        when 'parts' then '{"type": "object", "minProperties": 1, "propertyNames": {"$ref": "#/definitions/identifier"}, "additionalProperties": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "object", "required": ["share"], "additionalProperties": false, "properties": {"share": {"type": "number", "minimum": 0}, "steps": {"$ref": "#/definitions/steps"}}}]}}'
        when 'values' then '{"type": "object", "minProperties": 1, "propertyNames": {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,62}$"}, "additionalProperties": {"$ref": "#/definitions/value"}}'
        when 'parameters' then '{"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "array"]}}'
        when 'headers' then '{"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}'
        when 'secret_headers' then '{"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}'
      end)::jsonb;
  end case;
end
$$;
comment on function pgwhen._kind_schema(text) is 'JSON Schema of a kind of value.';
