-- Deletes of an attached table become messages of the queue pgwhen_events, in the same transaction; cascades come here too, a
-- statement for each parent. See capture_insert for why it is written as it is.
create or replace function pgwhen.capture_delete() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
set timezone = 'UTC'
set intervalstyle = postgres
set datestyle = iso, mdy
set bytea_output = hex
set extra_float_digits = 1
as $$
#variable_conflict use_variable
declare
  v_attachment_id integer := tg_argv[0]::integer;
  v_attachment record;
  v_key_columns text[];
  v_head jsonb;
  v_occurred_at timestamptz;
  v_message jsonb;
  v_contents jsonb[];
  v_rows text;
begin
  select a.excluded_columns, a.doorbell
  into v_attachment
  from pgwhen.attachments a
  where a.attachment_id = v_attachment_id and 'delete' = any (a.operations);
  if not found then
    return null;
  end if;
  if pgwhen._session_differs() then
    v_head := pgwhen._event_head(v_attachment_id, 'delete');
    v_occurred_at := pgwhen._clock();
  else
    v_occurred_at := clock_timestamp();  -- wall clock: pgwhen.now is not set
  end if;

  begin
    select jsonb_build_object('v', 1, 'attachment', v_attachment_id, 'operation', 'delete', 'actor', session_user,
      'old', to_jsonb(r.*) - v_attachment.excluded_columns)
    into strict v_message
    from old_rows r;
  exception
    when no_data_found then
      v_rows := 'none';
    when too_many_rows then
      v_rows := 'some';
    when others then
      v_rows := 'refused';
  end;

  if v_rows is null then
    if v_head is not null then
      v_message := v_message || v_head;
    end if;
    insert into pgwhen._event_queue (enqueued_at, message)
    values (v_occurred_at, v_message);
  elsif v_rows <> 'none' then
    v_message := coalesce(v_head, pgwhen._event_head(v_attachment_id, 'delete'));
    if v_rows = 'some' then
      begin
        select array_agg(r.content)
        into v_contents
        from (select to_jsonb(r.*) - v_attachment.excluded_columns as content from old_rows r limit 1001) r;
        if cardinality(v_contents) > 1000 then
          v_rows := 'many';
        end if;
      exception
        when others then
          v_rows := 'refused';
      end;
    end if;
    if v_rows = 'some' then
      insert into pgwhen._event_queue (enqueued_at, message)
      select v_occurred_at, v_message || jsonb_build_object('old', r.content)
      from unnest(v_contents) as r (content);
    elsif v_rows = 'many' then
      begin
        insert into pgwhen._event_queue (enqueued_at, message)
        select v_occurred_at, v_message || case
          when v_attachment.excluded_columns = '{}' then jsonb_build_object('old', r.*)
          else jsonb_build_object('old', to_jsonb(r.*) - v_attachment.excluded_columns)
        end
        from old_rows r;
      exception
        when others then
          v_rows := 'refused';
      end;
    end if;
    if v_rows = 'refused' then
      -- Dynamic: the key of a row that cannot be converted has to be read column by column.
      select a.key_columns into v_key_columns from pgwhen.attachments a where a.attachment_id = v_attachment_id;
      execute pgwhen._capture_query('delete', v_key_columns, true)
      using v_message, v_attachment.excluded_columns, v_occurred_at;
    end if;
  end if;

  if v_message is not null and v_attachment.doorbell and pgwhen._poller_sleeps() then
    perform pg_notify('pgwhen_doorbell', '');
  end if;
  return null;
end
$$;
comment on function pgwhen.capture_delete() is 'Trigger: puts deleted rows of an attached table into the queue. Its argument is the attachment.';
