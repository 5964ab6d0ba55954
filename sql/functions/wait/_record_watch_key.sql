create or replace function pgwhen._record_watch_key(p_attachment_id integer, p_key jsonb) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select format('record:%s:%s', p_attachment_id, case when length(p_key::text) <= 200 then p_key::text
    else 'sha256:' || encode(sha256(convert_to(p_key::text, 'UTF8')), 'hex') end)
  where p_key is not null
$$;
comment on function pgwhen._record_watch_key(integer, jsonb) is 'Key by which a change of a record finds the executions that watch it.';
