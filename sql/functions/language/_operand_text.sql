create or replace function pgwhen._operand_text(p_operand jsonb) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select left(case when jsonb_typeof(p_operand) = 'string' then p_operand #>> '{}' else p_operand::text end, 200)
$$;
comment on function pgwhen._operand_text(jsonb) is 'An operand as explain shows it.';
