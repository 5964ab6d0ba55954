create or replace function pgwhen._trigger_text(p_trigger pgwhen.triggers, p_table text) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case p_trigger.kind
      when 'event' then 'event ' || p_trigger.event_type
      when 'manual' then 'by hand'
      when 'table' then coalesce(p_table, 'table?') || case
        when p_trigger.becomes is not null then ' becomes ' || coalesce(p_trigger.becomes ->> 'source', '...')
        else ' ' || case p_trigger.operations
          when '{insert}' then 'created' when '{update}' then 'updated' when '{delete}' then 'deleted' when '{truncate}'
            then 'truncated' else 'saved' end
          || coalesce(' (' || array_to_string(p_trigger.columns, ', ') || ')', '') end
    end || case when p_trigger.condition is not null then ' if ...' else '' end || case when p_trigger.enabled then ''
      else ' (off)' end
$$;
comment on function pgwhen._trigger_text(pgwhen.triggers, text) is 'A trigger in a few words.';
