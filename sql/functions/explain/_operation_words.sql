create or replace function pgwhen._operation_words(p_operations text[]) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select string_agg(case o.operation when 'insert' then 'created' when 'update' then 'updated' when 'delete' then 'deleted'
    when 'truncate' then 'truncated' else o.operation end, ' or ' order by o.n)
  from unnest(p_operations) with ordinality o (operation, n)
$$;
comment on function pgwhen._operation_words(text[]) is 'Operations as the workflow language says them: created or updated.';
