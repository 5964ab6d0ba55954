-- How SQL can compare a column as _compare does: kind null says that it cannot. exactly is what makes equality one of bytes where the
-- column's collation is not deterministic.
create or replace function pgwhen._comparison(p_relation oid, p_column text, p_type text)
returns table (kind text, type text, labels text[], exactly text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
      when b.typtype = 'e' and p_type in ('text', 'enum') then 'enum'
      when p_type = 'numeric' and b.oid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then 'integer'
      when p_type = 'text' and b.oid in ('text'::regtype, 'varchar'::regtype, 'name'::regtype) then 'text'
      when p_type = b.typname and b.oid in ('numeric'::regtype, 'uuid'::regtype, 'timestamptz'::regtype, 'timestamp'::regtype,
        'date'::regtype, 'time'::regtype) then p_type
      when p_type = 'boolean' and b.oid = 'bool'::regtype then 'boolean'
    end,
    case
      when b.typtype = 'e' then format_type(b.oid, -1)
      when b.oid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) then 'bigint'
      when b.oid in ('text'::regtype, 'varchar'::regtype, 'name'::regtype) then 'text'
      when b.oid = 'date'::regtype then 'timestamp'
      else b.typname
    end,
    (select array_agg(e.enumlabel::text) from pg_enum e where e.enumtypid = b.oid),
    case when exists (select from pg_collation c where c.oid = a.attcollation and not c.collisdeterministic) then '::text collate "C"' else '' end
  from pg_attribute a
  join pg_type b on b.oid = pgwhen._base_type(a.atttypid)
  where a.attrelid = p_relation and a.attname = p_column and a.attnum > 0 and not a.attisdropped
$$;
comment on function pgwhen._comparison(oid, text, text) is 'How a column compares in SQL with operands of a compiled type; no row where it is gone.';
