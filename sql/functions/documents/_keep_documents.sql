-- In the transaction of the report, so that a step that is completed has its document. A report that came late, when another attempt
-- had begun, keeps nothing; the same report a second time finds the document there. What was forgotten meanwhile stays forgotten.
create or replace function pgwhen._keep_documents(p_reports pgwhen.action_report[]) returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  insert into pgwhen.documents (execution_id, document_id, created_at, generation, size, tenant, step_id, file, media_type, sha256, content)
  select r.execution_id, (r.extra -> 'document' ->> 'id')::uuid, pgwhen._now(), r.generation, octet_length(d.content), x.tenant, r.step_id,
    r.extra -> 'document' ->> 'file', r.extra -> 'document' ->> 'media_type', encode(sha256(d.content), 'hex'), d.content
  from unnest(p_reports) r
  join pgwhen.executions x on x.execution_id = r.execution_id
  join pgwhen.execution_steps s on s.execution_id = r.execution_id and s.step_id = r.step_id and s.part = r.part
    and s.generation = r.generation and s.attempt = r.attempt
  cross join lateral (select decode(r.extra -> 'document' ->> 'content', 'base64') as content) d
  where r.class = 'ok' and r.extra ? 'document' and x.reason is distinct from 'forgotten'
  on conflict (execution_id, document_id) do nothing
$$;
comment on function pgwhen._keep_documents(pgwhen.action_report[]) is 'Stores the documents that attempts made: extra.document of a report, {id, file, media_type, content in base64}.';
