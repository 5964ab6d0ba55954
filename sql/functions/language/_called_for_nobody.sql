create or replace function pgwhen._called_for_nobody() returns setof regclass
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select s.sequence
  from pgwhen.attachments a
  cross join unnest(array['insert', 'update', 'delete', 'truncate']) o
  cross join lateral (select pgwhen._unsubscribed_sequence(a.attachment_id, o) as sequence) s
  where o <> all (a.operations) and s.sequence is not null and pg_sequence_last_value(s.sequence) is null
$$;
comment on function pgwhen._called_for_nobody() is 'Sequences of operations that nobody is subscribed to, and whose triggers are called all the same (docs/decisions/0014).';
