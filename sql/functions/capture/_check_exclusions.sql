create or replace function pgwhen._check_exclusions(p_table regclass, p_exclude text[], p_before text[]) returns text[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_key text[] := pgwhen._key_columns(p_table);
  v_columns text[] := array(
    select a.attname::text from pg_attribute a where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped order by a.attnum);
  v_column text;
begin
  if p_exclude is null then
    return array(select c from unnest(p_before) c where c = any (v_columns) and c <> all (v_key));
  end if;
  foreach v_column in array p_exclude loop
    if v_column is null or v_column <> all (v_columns) then
      raise exception using errcode = 'WF112',
        message = format('%s has no column %s to exclude', p_table, coalesce(quote_ident(v_column), 'null')),
        detail = format('It has %s.', array_to_string(v_columns, ', ')),
        hint = 'Name columns of the table.';
    elsif v_column = any (v_key) then
      raise exception using errcode = 'WF112',
        message = format('cannot exclude %s: it is in the primary key of %s', quote_ident(v_column), p_table),
        hint = 'The key says which record an event is about.';
    end if;
  end loop;
  return p_exclude;
end
$$;
comment on function pgwhen._check_exclusions(regclass, text[], text[]) is 'Columns to exclude: those given, checked (WF112), else those excluded before that are still there.';
