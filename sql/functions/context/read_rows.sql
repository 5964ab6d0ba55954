-- owner: pgwhen_actions
-- The only way into the application's tables: with the rights of pgwhen_actions, so that plain GRANT says what workflows may
-- read, and in the formats of events. Keys are cast to the columns' types, not the columns to text, so that the primary key's
-- index is used. Rights are looked at first, so that the error can name the table and the GRANT.
create or replace function pgwhen_sandbox.read_rows(p_table regclass, p_columns text[], p_key_columns text[], p_keys jsonb[])
returns table (n integer, record jsonb)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set datestyle = 'ISO'
set intervalstyle = 'postgres'
set bytea_output = 'hex'
set extra_float_digits = 1
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_table text;
  v_schema text;
  v_missing text;
  v_denied boolean;
  v_open boolean;
  v_columns text;
  v_key text;
begin
  select format('%I.%I', s.nspname, c.relname), quote_ident(s.nspname), has_schema_privilege(s.oid, 'usage')
  into v_table, v_schema, v_open
  from pg_class c join pg_namespace s on s.oid = c.relnamespace
  where c.oid = p_table;
  if v_table is null then
    raise exception using errcode = 'WF133', message = 'a table that the workflow reads is gone',
      hint = 'Publish the workflow again; it says what is missing.';
  end if;

  select string_agg(quote_ident(c.name), ', ') filter (where a.attname is null),
    bool_or(case when a.attname is not null then not has_column_privilege(p_table, a.attnum, 'select') end),
    string_agg('t.' || quote_ident(c.name), ', ' order by c.number) filter (where c.is_read),
    string_agg(format('t.%I = (k.key ->> %L)::%s', c.name, c.name, format_type(a.atttypid, -1)), ' and ' order by c.number)
      filter (where c.is_key)
  into v_missing, v_denied, v_columns, v_key
  from (
    select u.name, min(u.number) as number, bool_or(u.is_read) as is_read, bool_or(u.is_key) as is_key
    from (
      select r.name, r.number, true as is_read, false as is_key from unnest(p_columns) with ordinality r (name, number)
      union all
      select r.name, r.number, false, true from unnest(p_key_columns) with ordinality r (name, number)
    ) u
    group by u.name
  ) c
  left join pg_attribute a on a.attrelid = p_table and a.attname = c.name and a.attnum > 0 and not a.attisdropped;
  if v_missing is not null then
    raise exception using errcode = 'WF134', message = format('%s has no column %s', v_table, v_missing),
      detail = 'The workflow reads it; it was there when the workflow was published.', hint = 'Change the workflow and publish it again.';
  end if;
  if v_denied or not v_open then
    raise exception using errcode = 'WF135', message = format('workflows may not read %s', v_table),
      detail = 'They read as the role pgwhen_actions.',
      hint = case when v_open then '' else format('grant usage on schema %s to pgwhen_actions; ', v_schema) end
        || format('grant select on %s to pgwhen_actions;', v_table);
  end if;

  -- Dynamic: names of the application's tables and columns.
  for n, record in execute format(
    'select k.n::integer, to_jsonb(r) from unnest($1) with ordinality k (key, n) cross join lateral (select %s from %s t where %s) r',
    coalesce(v_columns, ''), v_table, v_key) using p_keys
  loop
    return next;
  end loop;
end
$$;
comment on function pgwhen_sandbox.read_rows(regclass, text[], text[], jsonb[]) is 'Rows of a table by key, as JSON with times in UTC; n is the key''s position in p_keys. A key without a row gives none.';
