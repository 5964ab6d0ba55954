-- A document that was dropped or belongs to another tenant is left out: whoever sends knows which one the message named, and says so.
-- Providers take messages of 25 MB at most (Mailgun), so that more is refused before anything leaves.
create or replace function pgwhen._document_contents(p_tenant text, p_ids uuid[]) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_most constant bigint := 25 * 1024 * 1024;
  v_size bigint;
begin
  select sum(d.size) into v_size from pgwhen.documents d where d.document_id = any (p_ids) and d.tenant = p_tenant;
  if v_size > c_most then
    raise exception using errcode = 'WF440', message = format('the documents of a message have %s bytes together', v_size),
      detail = format('A message carries %s at most.', c_most),
      hint = 'Attach fewer, or send a link to them.';
  end if;
  return coalesce((
    select jsonb_object_agg(d.document_id, translate(encode(d.content, 'base64'), E'\n', ''))
    from pgwhen.documents d where d.document_id = any (p_ids) and d.tenant = p_tenant), '{}');
end
$$;
comment on function pgwhen._document_contents(text, uuid[]) is 'Contents of stored documents of a tenant, in base64 by id; those that are gone are left out.
Raises WF440 when they have more than 25 MB together.';
