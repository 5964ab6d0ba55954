-- Child executions: loops that are at work, items that wait for their turn, and who waits for whom.
-- depends: 0002.steps

set local search_path = pgwhen, pg_catalog;

alter table executions add column parent_generation integer;
comment on column executions.parent_generation is 'Generation of the parent''s step that made it: what a retried loop makes is told apart from what it had made before.';

alter table executions add column fresh_generation integer not null default 1;
comment on column executions.fresh_generation is 'Generation since which items of loops that completed need not be done again: that of the latest retry from further back than what failed.';

-- Fixed when a child is made, so that no later change of it touches this index.
-- Not concurrently: that is not possible for a partitioned table, and no execution has had a parent until now.
-- squawk-ignore require-concurrent-index-creation
create index executions_parent on executions (parent_execution_id, parent_step_id, parent_generation, item_index)
  where parent_execution_id is not null;

create table loops (
  execution_id uuid not null,
  generation integer not null,
  at_once integer not null,
  item_limit integer,
  made_count integer not null default 0,
  failed_count integer not null default 0,
  failed_limit integer,
  is_read boolean not null,
  step_id text not null,
  source text not null,
  item jsonb,
  error jsonb,
  note text,
  primary key (execution_id, step_id),
  constraint source_is_known check (source in ('list', 'table', 'while'))
) with (fillfactor = 50);
comment on table loops is 'Loop steps that are at work.';
comment on column loops.execution_id is 'The execution.';
comment on column loops.generation is 'Generation of the step: part of the start key of its children.';
comment on column loops.at_once is 'How many items may be at work.';
comment on column loops.item_limit is 'How many items it does at most: all items of a list, max of others; null without a limit.';
comment on column loops.made_count is 'Index up to which children have been made: where the next item is looked for.';
comment on column loops.failed_count is 'How many of those that ended failed.';
comment on column loops.failed_limit is 'How many may fail; null where all may.';
comment on column loops.is_read is 'Whether all items that are to come are in loop_items.';
comment on column loops.step_id is 'The loop step.';
comment on column loops.source is 'list, table (read page by page) or while.';
comment on column loops.item is 'For a table the last row read; for while the result of the latest iteration.';
comment on column loops.error is 'Error of the first item that failed, with its index.';
comment on column loops.note is 'What the step says when it is done: that max was reached.';

create table loop_items (
  execution_id uuid not null,
  item_index integer not null,
  step_id text not null,
  item jsonb not null,
  primary key (execution_id, step_id, item_index)
);
comment on table loop_items is 'Items of loops for which no child has been made yet.';
comment on column loop_items.execution_id is 'The execution of the loop.';
comment on column loop_items.item_index is 'Place of the item, from 0.';
comment on column loop_items.step_id is 'The loop step.';
comment on column loop_items.item is 'The item.';

create table children (
  parent_execution_id uuid not null,
  execution_id uuid not null,
  parent_step_id text not null,
  primary key (parent_execution_id, parent_step_id, execution_id)
);
comment on table children is 'Executions whose end a step of another one waits for.';
comment on column children.parent_execution_id is 'The execution that waits.';
comment on column children.execution_id is 'The child.';
comment on column children.parent_step_id is 'The loop or start step that waits.';

do $$
declare
  v_table text;
begin
  foreach v_table in array array['loops', 'loop_items', 'children'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('alter table %I force row level security', v_table);
    execute format('create policy owner on %I to pgwhen_owner using (true) with check (true)', v_table);
  end loop;
end $$;
