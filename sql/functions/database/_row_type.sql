-- As jsonb_to_recordset wants it: what JSON holds becomes the column's own type there, domains with their checks.
create or replace function pgwhen._row_type(p_relation regclass, p_columns text[]) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_type text;
  v_missing text;
begin
  select string_agg(format('%I %s', c.name, format_type(a.atttypid, -1)), ', ' order by c.n), min(c.name) filter (where a.attnum is null)
  into v_type, v_missing
  from unnest(p_columns) with ordinality c (name, n)
  left join pg_attribute a on a.attrelid = p_relation and a.attname = c.name and a.attnum > 0 and not a.attisdropped;
  if v_missing is not null then
    raise exception using errcode = 'WF134', message = format('%s has no column %s', pgwhen._table_name(p_relation), v_missing),
      detail = 'The workflow writes it.', hint = 'Correct the name, or publish the workflow again; it says what is missing.';
  end if;
  return v_type;
end
$$;
comment on function pgwhen._row_type(regclass, text[]) is 'Names and types of columns as a column definition list; raises WF134 for a column that is not there.';
