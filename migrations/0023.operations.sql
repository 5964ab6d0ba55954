-- What somebody waits for stands with the attachment, so that capture reads one row where it read two. migrate fills it in when it
-- replaces the functions, in the same transaction.
--
-- The table subscriptions stays for one version: triggers of the version before read it until that moment, those that are under
-- way then also after it.
-- depends: 0022.plans

set local search_path = pgwhen, pg_catalog;

alter table attachments add column operations text[] not null default '{}'
  constraint operations_are_known check (operations <@ array['insert', 'update', 'delete', 'truncate']);
comment on column attachments.operations is 'Operations that somebody waits for (insert, update, delete, truncate); capture of others costs one look-up. Kept by publish, pause, resume and archive.';

comment on table subscriptions is 'What attachments.operations was in versions before. Nothing reads it; a later version drops it.';
