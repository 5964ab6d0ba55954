-- By the names that people use; a table that was detached and attached again has had several attachments.
create or replace function pgwhen._require_attachment(p_table text) returns integer[]
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_tenant text := pgwhen._tenant();
  v_ids integer[];
begin
  if p_table is null then
    return null;
  end if;
  v_ids := array(
    select a.attachment_id from pgwhen.attachments a
    where a.tenant = v_tenant and p_table in (a.table_name, a.schema_name || '.' || a.table_name));
  if v_ids = '{}' then
    raise exception using errcode = 'WF204', message = format('the table %s is not attached', p_table),
      hint = coalesce('Did you mean ' || pgwhen._nearest(p_table, array(
        select distinct a.table_name from pgwhen.attachments a where a.tenant = v_tenant)) || '?', 'pgwhen attach TABLE attaches it; before that its changes were not seen.');
  end if;
  return v_ids;
end
$$;
comment on function pgwhen._require_attachment(text) is 'Attachments of a table of the tenant, by its name; refuses a name that none has, null gives null.';
