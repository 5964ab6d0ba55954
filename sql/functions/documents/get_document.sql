create or replace function pgwhen.get_document(p_document_id uuid)
returns table (
  document_id uuid, execution_id uuid, step_id text, file text, media_type text, size integer, sha256 text, created_at timestamptz, content bytea)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return query
  select d.document_id, d.execution_id, d.step_id, d.file, d.media_type, d.size, d.sha256, d.created_at, d.content
  from pgwhen.documents d
  where d.document_id = p_document_id and d.tenant = pgwhen._tenant();
  if not found then
    raise exception using errcode = 'WF441', message = format('document %s does not exist', coalesce(p_document_id::text, 'null')),
      hint = 'pgwhen documents lists them; a document is dropped with its execution.';
  end if;
end
$$;
comment on function pgwhen.get_document(uuid) is 'One document of the tenant with its content. Raises WF441 where there is none.
size is in bytes, sha256 in hexadecimal digits.';
