-- What stands left may be anything (a part of JSON, an input): the operand says how to compare.
create or replace function pgwhen._operand_type(p_kind text, p_operand jsonb) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_kind in ('instant', 'duration') then 'timestamptz'
    when p_kind in ('text', 'regex') then 'text'
    when p_kind = 'flag' then 'jsonb'
    when p_kind = 'list' then pgwhen._json_kind(p_operand -> 0)
    when p_operand #>> '{}' ~* '^\s*now\s*([-+]\s*\d.*)?$' then 'timestamptz'
    when p_operand #>> '{}' like '%{{%' then null
    else pgwhen._json_kind(p_operand)
  end
$$;
comment on function pgwhen._operand_type(text, jsonb) is 'How to compare something of unknown type with an operand.';
