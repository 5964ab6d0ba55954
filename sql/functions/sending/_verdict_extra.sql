-- What a poller has to send in place of what it gave, and what it cannot have of its own.
create or replace function pgwhen._verdict_extra(p_tenant text, p_message jsonb, p_documents jsonb) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_message is not null then jsonb_build_object('message', p_message) else '{}' end
    || case when jsonb_typeof(p_documents) = 'array' then jsonb_build_object('documents', pgwhen._document_contents(p_tenant,
      array(select d.value::uuid from jsonb_array_elements_text(p_documents) d))) else '{}' end
$$;
comment on function pgwhen._verdict_extra(text, jsonb, jsonb) is 'extra of a verdict send: message where another one than given is to leave, documents by id.';
