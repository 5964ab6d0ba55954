-- A row is about a record when it is the record itself, or points to it by a foreign key. Foreign keys to the primary key need
-- nothing but the key; those to other columns take the values that the record's own events hold, dispatched or not. One step far and no further: whose
-- job an invoice is for is known to the application's tables only.
create or replace function pgwhen._record_patterns(p_table regclass, p_attachment_ids integer[], p_key jsonb)
returns table (attachment_id integer, pattern jsonb)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with attached as materialized (
    select a.attachment_id, coalesce(pgwhen._attachment_relation(a.attachment_id), pgwhen._relation_named(a.schema_name, a.table_name)) as relation
    from pgwhen.attachments a
    where a.tenant = pgwhen._tenant()
  ), known as materialized (
    select p_key as record
    union
    select r.record
    from pgwhen.events e
    cross join lateral (values (e.new), (e.old)) r (record)
    where e.attachment_id = any (p_attachment_ids) and e.key = p_key and r.record is not null
    union
    select r.record
    from pgmq.q_pgwhen_events q
    cross join lateral (values (q.message -> 'new'), (q.message -> 'old')) r (record)
    where (q.message ->> 'attachment')::integer = any (p_attachment_ids) and r.record @> p_key
  ), pointing as (
    select a.attachment_id,
      (select jsonb_agg(f.attname order by n) from unnest(c.conkey) with ordinality k (attnum, n)
        join pg_attribute f on f.attrelid = c.conrelid and f.attnum = k.attnum) as from_columns,
      (select jsonb_agg(t.attname order by n) from unnest(c.confkey) with ordinality k (attnum, n)
        join pg_attribute t on t.attrelid = c.confrelid and t.attnum = k.attnum) as to_columns
    from attached a
    join pg_constraint c on c.conrelid = a.relation and c.contype = 'f' and c.confrelid = p_table
  )
  select i, p_key from unnest(p_attachment_ids) i
  union
  select p.attachment_id, r.pattern
  from pointing p
  cross join known k
  cross join lateral (select pgwhen._reference_key(k.record, p.to_columns, p.from_columns) as pattern) r
  where r.pattern is not null
$$;
comment on function pgwhen._record_patterns(regclass, integer[], jsonb) is 'What rows of attached tables contain that are a record, or point to it by a foreign key.';
