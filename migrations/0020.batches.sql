-- Messages that leave in one call.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

alter table frozen_messages add column batch_place integer;
comment on column frozen_messages.batch_place is 'Order within its batch.';
comment on column frozen_messages.batch_id is 'Messages that leave in one call share it. Exactly those that may leave have it: what the freeze took out has none.';

-- The members of a batch are looked for when one of them is tried again. Messages that leave alone are not in it.
-- squawk-ignore require-concurrent-index-creation
create index frozen_messages_batch on frozen_messages (batch_id) where batch_id is not null;
