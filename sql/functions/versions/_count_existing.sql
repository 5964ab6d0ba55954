-- For the plan of a new workflow: nobody should find out later that the rows that were there are not started. A look at the first
-- thousand, read as a backfill would read them; what keeps them from being counted is told, and keeps nobody from publishing.
create or replace function pgwhen._count_existing(p_workflow text) returns jsonb
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_most constant integer := 1000;
  v_target record;
  v_attachment pgwhen.attachments;
  v_rows jsonb[];
  v_message text;
  v_state text;
begin
  begin
    select * into v_target from pgwhen._backfill_target(p_workflow, null);
    select a.* into v_attachment from pgwhen.attachments a where a.attachment_id = v_target.attachment_id;
    v_rows := array(
      select r from pgwhen_sandbox.scan_rows(v_target.relation, array(
        select a.attname from pg_attribute a
        where a.attrelid = v_target.relation and a.attnum > 0 and not a.attisdropped and a.attname <> all (v_attachment.excluded_columns)
        order by a.attnum), v_attachment.key_columns, null, c_most + 1) r);
    return jsonb_build_object('table', format('%I.%I', v_attachment.schema_name, v_attachment.table_name),
      'matching', (select count(*) from pgwhen._backfill_rows(v_attachment, v_target.triggers, v_target.compiled, v_rows[:c_most], null)),
      'more', cardinality(v_rows) > c_most);
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if pgwhen._is_transient(v_state) then
      raise;
    end if;
  end;
  return jsonb_build_object('code', v_state, 'message', v_message);
end
$$;
comment on function pgwhen._count_existing(text) is 'How many of the first 1000 rows that are there would start a workflow: {table, matching, more}; {code, message} where that cannot be said.';
