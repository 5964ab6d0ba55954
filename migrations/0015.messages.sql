-- Stored templates of messages.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table message_templates (
  tenant text not null references tenants,
  message text not null,
  version integer not null,
  definition jsonb not null,
  source text,
  applied_at timestamptz not null,
  applied_by text not null,
  removed_at timestamptz,
  primary key (tenant, message, version),
  constraint versions_count_from_one check (version > 0)
);
comment on table message_templates is 'Texts of messages by channel and locale. A version never changes; the newest is what steps get, and what was frozen stays as it is. Those of the tenant default serve every tenant that has none of that name.';
comment on column message_templates.tenant is 'Whose it is.';
comment on column message_templates.message is 'Identifier, which steps name in template, notifications in message.';
comment on column message_templates.version is 'Number, from 1.';
comment on column message_templates.definition is 'message, name, description, category, variables {name: {type, required, description, example}} and channels {channel: {locale: {key: template}}}.';
comment on column message_templates.source is 'The text that it was written as, where there is one.';
comment on column message_templates.applied_at is 'When it was applied.';
comment on column message_templates.applied_by is 'By whom.';
comment on column message_templates.removed_at is 'When it was removed; null while it is in use. Numbers are not used again.';

alter table message_templates enable row level security;
alter table message_templates force row level security;
create policy owner on message_templates to pgwhen_owner using (true) with check (true);

-- Functions whose signature has changed: the old ones would stay beside the new.
-- squawk-ignore ban-drop-function
drop function if exists render_template(text, jsonb, text);
