-- Updates of an attached table become messages of the queue pgwhen_events, in the same transaction, each with the row before
-- and after. Which is which: a row's primary key says it; PostgreSQL hands both sides over in the same order, which says it
-- where keys change or there are none; see _capture_query for the rest.
--
-- See capture_insert for why it is written as it is. Some rows are paired in two arrays, so that no plan that is kept joins
-- transition tables; more, and those whose keys differ, by a statement that is planned for them.
create or replace function pgwhen.capture_update() returns trigger
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
  v_head jsonb;
  v_occurred_at timestamptz;
  v_message jsonb;
  v_old jsonb;
  v_new jsonb;
  v_olds jsonb[];
  v_news jsonb[];
  v_rows text;
begin
  select a.key_columns, a.excluded_columns, a.doorbell
  into v_attachment
  from pgwhen.attachments a
  where a.attachment_id = v_attachment_id and 'update' = any (a.operations);
  if not found then
    return null;
  end if;
  if pgwhen._session_differs() then
    v_head := pgwhen._event_head(v_attachment_id, 'update');
    v_occurred_at := pgwhen._clock();
  else
    v_occurred_at := clock_timestamp();  -- wall clock: pgwhen.now is not set
  end if;

  begin
    select to_jsonb(o.*) - v_attachment.excluded_columns, to_jsonb(n.*) - v_attachment.excluded_columns
    into strict v_old, v_new
    from old_rows o
    cross join new_rows n;
  exception
    when no_data_found or too_many_rows then
      v_rows := 'some';
    when others then
      v_rows := 'refused';
  end;
  if v_rows = 'some' then
    begin
      select array_agg(r.content)
      into v_olds
      from (select to_jsonb(o.*) - v_attachment.excluded_columns as content from old_rows o limit 1001) r;
      select array_agg(r.content)
      into v_news
      from (select to_jsonb(n.*) - v_attachment.excluded_columns as content from new_rows n limit 1001) r;
      if v_olds is null and v_news is null then
        v_rows := 'none';
      elsif cardinality(v_olds) is distinct from cardinality(v_news) or cardinality(v_olds) > 1000 then
        v_rows := 'many';
      elsif v_attachment.key_columns <> '{}' then
        perform from unnest(v_olds, v_news) as r (o, n) where not pgwhen._same_key(r.o, r.n, v_attachment.key_columns);
        if found then
          v_rows := 'many';
        end if;
      end if;
    exception
      when others then
        v_rows := 'refused';
    end;
  end if;

  if v_rows is null then
    v_message := jsonb_build_object('v', 1, 'attachment', v_attachment_id, 'operation', 'update', 'actor', session_user,
      'new', v_new, 'old', v_old);
    if v_head is not null then
      v_message := v_message || v_head;
    end if;
    -- The first column by itself: the call is a twentieth of the cost of it all. Without a key nothing equals.
    if (v_old -> v_attachment.key_columns[1] = v_new -> v_attachment.key_columns[1]) is not true
      or v_attachment.key_columns[2] is not null and not pgwhen._same_key(v_old, v_new, v_attachment.key_columns) then
      v_message := v_message || '{"pairing": "order"}';
    end if;
    insert into pgwhen._event_queue (enqueued_at, message)
    values (v_occurred_at, v_message);
  elsif v_rows <> 'none' then
    v_message := coalesce(v_head, pgwhen._event_head(v_attachment_id, 'update'));
    if v_rows = 'some' then
      if v_attachment.key_columns = '{}' then
        v_message := v_message || '{"pairing": "order"}';
      end if;
      insert into pgwhen._event_queue (enqueued_at, message)
      select v_occurred_at, v_message || jsonb_build_object('new', r.n, 'old', r.o)
      from unnest(v_olds, v_news) as r (o, n);
    elsif v_rows = 'many' then
      begin
        -- Dynamic: planned for the number of rows there are; see _capture_query.
        execute pgwhen._capture_query('update', v_attachment.key_columns, false)
        using v_message, v_attachment.excluded_columns, v_occurred_at;
      exception
        when others then
          v_rows := 'refused';
      end;
    end if;
    if v_rows = 'refused' then
      -- Dynamic: the key of a row that cannot be converted has to be read column by column.
      execute pgwhen._capture_query('update', v_attachment.key_columns, true)
      using v_message, v_attachment.excluded_columns, v_occurred_at;
    end if;
  end if;

  if v_message is not null and v_attachment.doorbell and pgwhen._poller_sleeps() then
    perform pg_notify('pgwhen_doorbell', '');
  end if;
  return null;
end
$$;
comment on function pgwhen.capture_update() is 'Trigger: puts updated rows of an attached table into the queue. Its argument is the attachment.';
