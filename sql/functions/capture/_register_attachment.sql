-- The part of attach that needs pgwhen's tables. What needs the table's owner it returns as statements, which attach runs.
-- What was chosen before stays unless something else is asked for. The lock lets one session after the other attach a table.
create or replace function pgwhen._register_attachment(
  p_table regclass, p_alias text, p_exclude text[], p_doorbell boolean, p_tenant text
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_before pgwhen.attachments;
  v_after pgwhen.attachments;
begin
  perform pg_advisory_xact_lock(hashtextextended('pgwhen.attach:' || p_table::oid, 0));
  perform pgwhen._require_owner(p_table);
  perform pgwhen._require_attachable(p_table);
  perform pgwhen._follow_tables();
  select * into v_before from pgwhen.attachments a where a.attachment_id = pgwhen._own_attachment(p_table);
  if v_before.attachment_id is not null then
    perform pgwhen._own_tenant(v_before.tenant);
  end if;

  if v_before.detached_at is not null then
    perform pgwhen._lock_definitions();  -- before the row's, which whoever publishes may want
  end if;
  v_after := v_before;
  select n.nspname, c.relname
  into v_after.schema_name, v_after.table_name
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.oid = p_table;
  v_after.tenant := case when p_tenant is null then coalesce(v_before.tenant, pgwhen._tenant()) else pgwhen._own_tenant(p_tenant) end;
  v_after.alias := case when p_alias is null and v_before.alias is not null then v_before.alias else pgwhen._choose_alias(p_table, p_alias) end;
  v_after.key_columns := pgwhen._key_columns(p_table);
  v_after.excluded_columns := pgwhen._check_exclusions(p_table, p_exclude, coalesce(v_before.excluded_columns, pgwhen._secret_columns(p_table)));
  v_after.doorbell := coalesce(p_doorbell, v_before.doorbell, true);
  if v_before.attachment_id is null or v_before.detached_at is not null then
    v_after.attached_at := pgwhen._now();
    v_after.attached_by := session_user;
    v_after.detached_at := null;
  end if;
  if v_before.attachment_id is null then
    insert into pgwhen.attachments (tenant, schema_name, table_name, alias, key_columns, excluded_columns, doorbell, attached_at, attached_by)
    values (v_after.tenant, v_after.schema_name, v_after.table_name, v_after.alias, v_after.key_columns, v_after.excluded_columns,
      v_after.doorbell, v_after.attached_at, v_after.attached_by)
    returning attachment_id into v_after.attachment_id;
  elsif v_after is distinct from v_before then
    update pgwhen.attachments a
    set tenant = v_after.tenant, schema_name = v_after.schema_name, table_name = v_after.table_name, alias = v_after.alias,
      key_columns = v_after.key_columns, excluded_columns = v_after.excluded_columns, doorbell = v_after.doorbell,
      attached_at = v_after.attached_at, attached_by = v_after.attached_by, detached_at = v_after.detached_at
    where a.attachment_id = v_after.attachment_id;
  end if;
  perform pgwhen._make_unsubscribed_sequences(v_after.attachment_id, v_before.attachment_id is null);
  if v_before.detached_at is not null then
    perform pgwhen._refresh_subscriptions();
  end if;

  return jsonb_build_object(
    'attachment', v_after.attachment_id, 'table', p_table, 'alias', v_after.alias, 'tenant', v_after.tenant,
    'key', v_after.key_columns, 'excluded', v_after.excluded_columns, 'doorbell', v_after.doorbell,
    'tables', (select count(*) from pgwhen._covered_tables(p_table)),
    'statements', pgwhen._attach_statements(p_table, v_after.attachment_id),
    'notices', pgwhen._attach_notices(p_table, v_after, v_before.attachment_id is null and p_exclude is null));
end
$$;
comment on function pgwhen._register_attachment(regclass, text, text[], boolean, text) is 'Records an attachment; returns it with the statements that the table''s owner has to run, and notices.';
