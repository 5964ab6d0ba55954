-- JSON Schema of a form: the object of its keys, or the first of them alone where no other is required.
create or replace function pgwhen._form_schema(p_takes jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with argument as (
    select t.take ->> 0 as key, right(t.take ->> 1, 1) = '?' as is_optional, t.n, (case
      when t.take ->> 1 like 'unit:%' then jsonb_build_object('enum', to_jsonb(string_to_array(substr(rtrim(t.take ->> 1, '?'), 6), '|')))
      else (case rtrim(t.take ->> 1, '?')
        when 'any' then '{}'
        when 'path' then '{"type": "string", "pattern": "^\\$"}'
        when 'condition' then '{"$ref": "#/definitions/condition"}'
        when 'values' then '{"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/value"}}'
        when 'numbers' then '{"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/value"}}'
        when 'pair' then '{"type": "array", "minItems": 2, "maxItems": 2, "items": {"$ref": "#/definitions/value"}}'
        when 'cases' then '{"type": "array", "minItems": 1, "items": {"anyOf": [
          {"type": "object", "required": ["if", "then"], "additionalProperties": false,
            "properties": {"if": {"$ref": "#/definitions/condition"}, "then": {"$ref": "#/definitions/value"}}},
          {"type": "object", "required": ["else"], "additionalProperties": false, "properties": {"else": {"$ref": "#/definitions/value"}}}]}}'
        when 'name' then '{"$ref": "#/definitions/identifier"}'
        when 'flag' then '{"type": "boolean"}'
        when 'digits' then '{"type": "integer", "minimum": -99, "maximum": 99}'
        when 'list' then '{"type": ["array", "string", "object"], "allOf": [{"$ref": "#/definitions/value"}]}'
        else '{"$ref": "#/definitions/value"}' end)::jsonb end) as schema
    from jsonb_array_elements(p_takes) with ordinality t (take, n)
  ), written as (
    select jsonb_build_object('type', 'object', 'additionalProperties', false, 'properties', jsonb_object_agg(a.key, a.schema),
        'required', coalesce(jsonb_agg(a.key order by a.n) filter (where not a.is_optional), '[]')) as schema,
      (array_agg(a.schema order by a.n))[1] as first, (array_agg(a.key order by a.n))[1] as key, count(*) filter (where not a.is_optional) as required
    from argument a
  )
  select case when w.key = 'of' then w.first when w.required = 1 then jsonb_build_object('anyOf', jsonb_build_array(w.schema,
      jsonb_build_object('allOf', jsonb_build_array(w.first, '{"anyOf": [{"not": {"type": "object"}}, {"$ref": "#/definitions/form"}]}'::jsonb)))) else w.schema end
  from written w
$$;
comment on function pgwhen._form_schema(jsonb) is 'JSON Schema of what a form takes.';
