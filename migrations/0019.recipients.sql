-- Recipients and what they prefer.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

create table recipients (
  updated_at timestamptz not null,
  quiet_from time,
  quiet_to time,
  tenant text not null references tenants,
  recipient text not null,
  email text,
  phone text,
  chat text,
  locale text,
  timezone text,
  push text[] not null default '{}',
  preferences jsonb not null default '{}',
  primary key (tenant, recipient),
  constraint quiet_hours_begin_and_end check ((quiet_from is null) = (quiet_to is null) and quiet_from <> quiet_to)
);
comment on table recipients is 'People who get messages, as far as somebody said who they are and what they prefer.';
comment on column recipients.updated_at is 'Last change.';
comment on column recipients.quiet_from is 'When their quiet hours begin, in their time zone: nothing but transactional messages leaves then.';
comment on column recipients.quiet_to is 'When their quiet hours end, on the next day where that is before quiet_from.';
comment on column recipients.tenant is 'Owner.';
comment on column recipients.recipient is 'Who it is: an id of the application.';
comment on column recipients.email is 'E-mail address.';
comment on column recipients.phone is 'Telephone number, as + and digits.';
comment on column recipients.chat is 'Channel or user of a chat.';
comment on column recipients.locale is 'Language, such as nl or nl-NL.';
comment on column recipients.timezone is 'IANA time zone; null is the workflow''s.';
comment on column recipients.push is 'Registration tokens of devices.';
comment on column recipients.preferences is 'Which channels and categories they want, and as a digest or not.';
-- squawk-ignore require-concurrent-index-creation
create unique index recipients_email on recipients (tenant, lower(email)) where email is not null;
-- squawk-ignore require-concurrent-index-creation
create unique index recipients_phone on recipients (tenant, phone) where phone is not null;
-- squawk-ignore require-concurrent-index-creation
create index recipients_chat on recipients (tenant, chat) where chat is not null;
-- squawk-ignore require-concurrent-index-creation
create index recipients_push on recipients using gin (push);
-- squawk-ignore require-concurrent-index-creation
create index recipients_quiet on recipients (tenant) where quiet_from is not null;

alter table recipients enable row level security;
alter table recipients force row level security;
create policy owner on recipients to pgwhen_owner using (true) with check (true);
