-- Statements that capture runs where its static ones do not do: rows that JSON cannot hold (their key has to be named column
-- by column), updates of more rows than an array should hold, of changed keys, of rows that a BEFORE trigger swallowed on
-- their way to another partition. Planned for each statement, so that a plan made for two rows never meets a million.
-- Parameters: $1 head of the message, $2 excluded columns, $3 when it occurred.
--
-- An update pairs by key if each key that was there before is there after, once; else by order, if the counts agree; else
-- what was is deleted and what is was created. Half a row would look changed: where one side was refused, both have their key
-- only.
create or replace function pgwhen._capture_query(p_operation text, p_key_columns text[], p_convert boolean) returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_key text := (select string_agg(format('%L, r.%I', k, k), ', ') from unnest(p_key_columns) k);
  v_content text;
begin
  v_content := case when p_convert
    then format('pgwhen._convert_row(r.*, jsonb_build_object(%s), $2) c', v_key)
    else '(select to_jsonb(r.*) - $2 as content, null::text as error) c'
  end;
  if p_operation <> 'update' then
    return format(
      'insert into pgwhen._event_queue (enqueued_at, message)
      select $3, $1 || jsonb_build_object(%1$L, c.content)
        || case when c.error is null then ''{}'' else jsonb_build_object(''capture_error'', c.error) end
      from %1$s_rows r
      cross join lateral %2$s',
      case p_operation when 'insert' then 'new' else 'old' end, v_content);
  end if;

  select string_agg(format('%1$L, c.content -> %1$L', k), ', ') into v_key from unnest(p_key_columns) k;
  return format(
    'with before as materialized (
      select row_number() over () as n, c.content, c.error, jsonb_build_object(%1$s) as key
      from old_rows r
      cross join lateral %2$s
    ), after as materialized (
      select row_number() over () as n, c.content, c.error, jsonb_build_object(%1$s) as key
      from new_rows r
      cross join lateral %2$s
    ), counted as (
      select (select count(*) from before) as before_count,
        (select count(*) from after) as after_count,
        (select count(*) from (select key from before intersect select key from after) k) as common_count
    ), chosen as materialized (
      select case
        when c.before_count <> c.after_count then ''unknown''
        when c.common_count = c.before_count and %3$L then ''key''
        else ''order''
      end as pairing
      from counted c
    ), paired as (
      select a.n, ''{}''::jsonb as head, a.content as new, b.content as old, a.key as new_key, b.key as old_key,
        coalesce(a.error, b.error) as error
      from before b join after a on a.key = b.key
      where (select pairing from chosen) = ''key''
      union all
      select a.n, ''{"pairing": "order"}'', a.content, b.content, a.key, b.key, coalesce(a.error, b.error)
      from before b join after a on a.n = b.n
      where (select pairing from chosen) = ''order''
      union all
      select b.n, ''{"pairing": "unknown", "operation": "delete"}'', null, b.content, null, b.key, b.error
      from before b
      where (select pairing from chosen) = ''unknown''
      union all
      select a.n + (select before_count from counted), ''{"pairing": "unknown", "operation": "insert"}'', a.content, null, a.key, null, a.error
      from after a
      where (select pairing from chosen) = ''unknown''
    )
    insert into pgwhen._event_queue (enqueued_at, message)
    select $3, $1 || p.head
      || case when p.new is null then ''{}'' else jsonb_build_object(''new'', case when p.error is null then p.new else p.new_key end) end
      || case when p.old is null then ''{}'' else jsonb_build_object(''old'', case when p.error is null then p.old else p.old_key end) end
      || case when p.error is null then ''{}'' else jsonb_build_object(''capture_error'', p.error) end
    from paired p
    order by p.n',
    v_key, v_content, cardinality(p_key_columns) > 0);
end
$$;
comment on function pgwhen._capture_query(text, text[], boolean) is 'Text of the statement that captures what the static ones of the trigger functions do not.';
