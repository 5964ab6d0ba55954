create or replace function pgwhen._trigger_operations(p_trigger jsonb) returns text[]
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when p_trigger ? 'becomes' then '{insert,update}'::text[]
    else case p_trigger ->> 'row' when 'created' then '{insert}'::text[] when 'updated' then '{update}' when 'deleted'
      then '{delete}'
      when 'saved' then '{insert,update}' when 'truncated' then '{truncate}' else '{}' end
  end
$$;
comment on function pgwhen._trigger_operations(jsonb) is 'Operations that fire a table trigger.';
