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
    when p_kind = 'timeout' then
      return '{"$ref": "#/definitions/duration"}'::jsonb;
    when p_kind like 'value:%' then
      return '{"$ref": "#/definitions/value"}'::jsonb;
    when p_kind in ('condition', 'duration', 'identifier', 'steps', 'nodes', 'retry', 'on_error', 'triggers', 'edges', 'tests',
      'given', 'inputs') then
      return jsonb_build_object('$ref', '#/definitions/' || p_kind);
    else
      return (case p_kind
        when 'any' then '{}'
        when 'json' then '{}'
        when 'type' then '{"type": "string"}'
        when 'text' then '{"type": "string", "pattern": "\\S"}'
        when 'template' then '{"type": ["string", "number"], "pattern": "\\S"}'
        when 'texts' then '{"type": "array", "items": {"type": "string", "pattern": "\\S"}}'
        when 'templates' then '{"anyOf": [{"type": ["string", "number"], "minLength": 1}, {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "\\S"}}]}'
        when 'identifiers' then '{"anyOf": [{"$ref": "#/definitions/identifier"}, {"type": "array", "items": {"$ref": "#/definitions/identifier"}}]}'
        when 'event_type' then '{"type": "string", "pattern": "^[a-z][a-z0-9_.]{0,99}$"}'
        when 'boolean' then '{"type": "boolean"}'
        when 'true' then '{"const": true}'
        when 'timezone' then '{"type": "string", "pattern": "^(UTC|[A-Za-z_]+/[A-Za-z0-9_/+-]+)$"}'
        when 'attempts' then '{"type": "integer", "minimum": 1, "maximum": 100}'
        when 'factor' then '{"type": "number", "minimum": 1, "maximum": 10}'
        when 'object' then '{"type": "object"}'
        when 'parameters' then '{"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "array"]}}'
        when 'headers' then '{"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}'
        when 'secret_headers' then '{"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}'
      end)::jsonb;
  end case;
end
$$;
comment on function pgwhen._kind_schema(text) is 'JSON Schema of a kind of value.';
