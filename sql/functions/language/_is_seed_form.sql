-- Definitions of older systems have keys that the language does not: only in their company they are accepted and left out.
create or replace function pgwhen._is_seed_form(p_definition jsonb) returns boolean
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_typeof(p_definition) = 'object'
    and (p_definition ? 'trigger_type' or exists (
      select from jsonb_array_elements(case jsonb_typeof(p_definition -> 'steps') when 'array' then p_definition -> 'steps'
        else '[]' end) s
      where jsonb_typeof(s.value -> 'config') = 'object'))
$$;
comment on function pgwhen._is_seed_form(jsonb) is 'Whether a definition is written in the form {trigger_type, trigger_conditions, steps: [{id, type, config}]}.';
