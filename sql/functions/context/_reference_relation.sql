-- The name was right at publish. After a rename the foreign key itself still knows its table.
create or replace function pgwhen._reference_relation(p_table text, p_from regclass, p_from_columns text[]) returns regclass
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return coalesce(
    to_regclass(p_table),
    (select c.confrelid::regclass
     from pg_constraint c
     where c.conrelid = p_from and c.contype = 'f'
       and array(select a.attname::text from unnest(c.conkey) with ordinality k (attnum, n)
         join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum order by k.n) = p_from_columns
     order by c.oid
     limit 1));
end
$$;
comment on function pgwhen._reference_relation(text, regclass, text[]) is 'Table that a foreign key points to: by name, else by the foreign key itself.';
