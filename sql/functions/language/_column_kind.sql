-- How values of a column's type are compared (the types of _compare); domains count as what they are made of. Types of which
-- JSON makes a text, and enums, compare as text.
create or replace function pgwhen._column_kind(p_type oid) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_type pg_type;
begin
  select t.* into v_type from pg_type t where t.oid = pgwhen._base_type(p_type);
  return case
    when v_type.oid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'float4'::regtype,
      'float8'::regtype, 'oid'::regtype)
      then 'numeric'
    when v_type.oid = 'bool'::regtype then 'boolean'
    when v_type.oid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype, 'time'::regtype, 'interval'::regtype,
      'uuid'::regtype, 'bpchar'::regtype)
      then v_type.typname
    when v_type.oid in ('json'::regtype, 'jsonb'::regtype) or v_type.typtype = 'c' then 'jsonb'
    when v_type.typcategory = 'A' then 'array'
    else 'text'
  end;
end
$$;
comment on function pgwhen._column_kind(oid) is 'Kind of a column in conditions: text, numeric, boolean, timestamptz, ...';
