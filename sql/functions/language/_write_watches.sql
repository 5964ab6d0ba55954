-- What a version may wait for is captured and recorded from now on. What older versions needed goes when their executions have
-- ended (_refresh_subscriptions).
create or replace function pgwhen._write_watches(p_workflow_id integer, p_version integer, p_steps jsonb, p_compiled jsonb) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  insert into pgwhen.watches (workflow_id, version, source, key_column, type, attachment_id, operation)
  select p_workflow_id, p_version, w.source, w.key_column, w.type, w.attachment_id, w.operation
  from pgwhen._watched(p_steps, p_compiled) w;
  insert into pgwhen.watch_keys (source, key_column, type)
  select distinct w.source, w.key_column, w.type
  from pgwhen.watches w
  where w.workflow_id = p_workflow_id and w.version = p_version
  on conflict do nothing;
  perform pgwhen._subscribe(array_agg(w.attachment_id), array_agg(w.operation))
  from pgwhen.watches w
  where w.workflow_id = p_workflow_id and w.version = p_version and w.attachment_id is not null;
end
$$;
comment on function pgwhen._write_watches(integer, integer, jsonb, jsonb) is 'Writes what executions of a version may wait for.';
