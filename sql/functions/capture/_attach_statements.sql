-- Only what is missing, so that attaching again takes no lock on the table. Partitions need no grant: they are read through
-- the table. A child that is attached by itself keeps its own triggers.
create or replace function pgwhen._attach_statements(p_table regclass, p_attachment_id integer) returns text[]
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select array(
    select t.statement
    from pgwhen._capture_triggers(p_table, p_attachment_id) t
    where case t.attachment
      when p_attachment_id::text then not t.is_current
      else t.relation = p_table or t.attachment is null or pgwhen._attachment_relation(t.attachment::integer) is distinct from t.relation
    end
    union all
    select format('grant select on %s to pgwhen_actions', p_table)
    where not has_table_privilege('pgwhen_actions', p_table, 'select')
    union all
    select format('grant usage on schema %I to pgwhen_actions', n.nspname)
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.oid = p_table and not has_schema_privilege('pgwhen_actions', n.oid, 'usage')
      and pg_has_role(session_user, n.nspowner, 'member'))
$$;
comment on function pgwhen._attach_statements(regclass, integer) is 'Statements that attach has to run as the table''s owner.';
