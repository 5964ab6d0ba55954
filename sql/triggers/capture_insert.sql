-- Inserts of an attached table become messages of the queue pgwhen_events, in the same transaction; COPY, MERGE and ON
-- CONFLICT come here too.
--
-- Where nobody subscribed the look-up is all that happens. One row, as most statements have, takes three statements of SQL:
-- look up, convert, insert. The conversion stands in a block of its own that writes nothing, for JSON cannot hold every row:
-- an exception handler around the insert would take a transaction id each time (64 of them in a transaction slow all
-- backends down). Several rows are converted once to see whether they can be, and once more while they are inserted: 0.9 of
-- the speed without, in constant memory. Nothing here joins a transition table in a plan that is kept.
--
-- Columns may be called anything: r.* is the row even where a column is called r, and use_variable tells v_message from one.
create or replace function pgwhen.capture_insert() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
#variable_conflict use_variable
declare
  v_attachment_id integer := tg_argv[0]::integer;
  v_key_columns text[];
  v_excluded text[];
  v_doorbell boolean;
  v_formats text[];
  v_pinned text[];
  v_occurred_at timestamptz;
  v_cause jsonb;
  v_message jsonb;
  v_rows text := 'one';
begin
  select a.key_columns, a.excluded_columns, a.doorbell
  into v_key_columns, v_excluded, v_doorbell
  from pgwhen.subscriptions s
  join pgwhen.attachments a on a.attachment_id = s.attachment_id
  where s.attachment_id = v_attachment_id and s.operation = 'insert';
  if not found then
    return null;
  end if;
  if pgwhen._formats_differ() then
    v_formats := pgwhen._formats();
    v_pinned := pgwhen._set_formats(array['UTC', 'postgres', 'ISO, MDY', 'hex', '1']);
  end if;
  v_occurred_at := pgwhen._occurred_at();

  begin
    select jsonb_build_object('v', 1, 'attachment', v_attachment_id, 'operation', 'insert', 'actor', pgwhen._actor(),
      'new', to_jsonb(r.*) - v_excluded)
    into strict v_message
    from new_rows r;
  exception
    when no_data_found then
      v_rows := 'none';
    when too_many_rows then
      v_rows := 'many';
    when others then
      v_rows := 'refused';
  end;
  if v_rows = 'many' then
    begin
      perform count(to_jsonb(r.*)) from new_rows r;
    exception
      when others then
        v_rows := 'refused';
    end;
  end if;

  case v_rows
    when 'one' then
      v_cause := pgwhen._cause();
      if v_cause is not null then
        v_message := v_message || jsonb_build_object('cause', v_cause);
      end if;
      insert into pgwhen._event_queue (enqueued_at, message)
      values (v_occurred_at, v_message);
    when 'many' then
      v_message := pgwhen._event_head(v_attachment_id, 'insert');
      insert into pgwhen._event_queue (enqueued_at, message)
      select v_occurred_at, v_message || jsonb_build_object('new', to_jsonb(r.*) - v_excluded)
      from new_rows r;
    when 'refused' then
      -- Dynamic: the key of a row that cannot be converted has to be read column by column.
      execute pgwhen._capture_query('insert', v_key_columns, true)
      using pgwhen._event_head(v_attachment_id, 'insert'), v_excluded, v_occurred_at;
    else
      null;
  end case;

  if v_rows <> 'none' and v_doorbell and pgwhen._poller_sleeps() then
    perform pg_notify('pgwhen_doorbell', '');
  end if;
  if v_pinned is not null then
    v_pinned := pgwhen._set_formats(v_formats);
  end if;
  return null;
end
$$;
comment on function pgwhen.capture_insert() is 'Trigger: puts inserted rows of an attached table into the queue. Its argument is the attachment.';
