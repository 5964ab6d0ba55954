-- The key first, always: with it a later step can name the row. Without a list all that pgwhen_actions may read, but what is excluded.
create or replace function pgwhen._output_columns(p_relation regclass, p_columns jsonb) returns text[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_key constant text[] := pgwhen._key_columns(p_relation);
  v_columns constant text[] := v_key || array(
    select c from unnest(pgwhen._columns_to_read(p_relation, p_columns)) c
    where c <> all (v_key) and (p_columns is not null or has_column_privilege('pgwhen_actions', p_relation, c, 'select')));
begin
  if v_columns = '{}' then
    raise exception using errcode = 'WF135', message = format('workflows may not read %s', p_relation),
      detail = 'They read as the role pgwhen_actions.', hint = format('grant select on %s to pgwhen_actions;', pgwhen._table_name(p_relation));
  end if;
  return v_columns;
end
$$;
comment on function pgwhen._output_columns(regclass, jsonb) is 'Columns of the rows that a database step gives back.';
