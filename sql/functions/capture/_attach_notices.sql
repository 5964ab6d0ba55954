create or replace function pgwhen._attach_notices(p_table regclass, p_attachment pgwhen.attachments, p_is_default boolean) returns text[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select array(
    select format('left out of events, because of the names: %s; to change that: select pgwhen.attach(%L, p_exclude => ''{}'')',
      array_to_string(p_attachment.excluded_columns, ', '), p_table)
    where p_is_default and p_attachment.excluded_columns <> '{}'
    union all
    select format('in events, though the names say secret: %s; to leave them out: select pgwhen.attach(%L, p_exclude => %L)',
      string_agg(s, ', '), p_table, p_attachment.excluded_columns || array_agg(s))
    from unnest(pgwhen._secret_columns(p_table)) s
    where s <> all (p_attachment.excluded_columns)
    having count(*) > 0
    union all
    select format('%s has no primary key: its events are about no record, and workflows see new and old only', p_table)
    where p_attachment.key_columns = '{}'
    union all
    select format('pgwhen_actions may now read %s, for what workflows refer to', p_table)
    where not has_table_privilege('pgwhen_actions', p_table, 'select')
    union all
    select format('pgwhen_actions may not use schema %1$I; its owner has to: grant usage on schema %1$I to pgwhen_actions', n.nspname)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.oid = p_table and not has_schema_privilege('pgwhen_actions', n.oid, 'usage')
      and not pg_has_role(session_user, n.nspowner, 'member')
    union all
    select format('%s has row security: pgwhen_actions reads only what a policy shows it', p_table)
    from pg_class c
    where c.oid = p_table and c.relrowsecurity
    union all
    select format('%s is unlogged: what a crash empties is no event', p_table)
    from pg_class c
    where c.oid = p_table and c.relpersistence = 'u'
    union all
    select format('what is written to %s itself belongs to its own attachment %s', t.relation, t.attachment)
    from pgwhen._capture_triggers(p_table, p_attachment.attachment_id) t
    where t.relation <> p_table and t.operation = 'insert' and t.attachment is distinct from p_attachment.attachment_id::text
      and pgwhen._attachment_relation(t.attachment::integer) = t.relation
    union all
    select format('trigger pgwhen_%s of %s is disabled; to enable it: alter table %2$s enable trigger pgwhen_%1$s', t.operation, t.relation)
    from pgwhen._capture_triggers(p_table, p_attachment.attachment_id) t
    where t.attachment = p_attachment.attachment_id::text and not t.is_enabled
    union all
    select format('%s; events are sent more slowly', pgwhen._check_queue_shape())
    where pgwhen._check_queue_shape() is not null)
$$;
comment on function pgwhen._attach_notices(regclass, pgwhen.attachments, boolean) is 'What whoever attaches a table should know.';
