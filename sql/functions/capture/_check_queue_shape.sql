-- Capture writes to pgmq's queue table with INSERT, which is three times as fast as pgmq.send. That is sound while the table
-- has the columns that it names and needs no others.
create or replace function pgwhen._check_queue_shape(p_queue text default 'pgwhen_events') returns text
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_table regclass := to_regclass(format('pgmq.%I', 'q_' || p_queue));
  v_problem text;
begin
  if v_table is null then
    return format('there is no table pgmq.q_%s', p_queue);
  end if;
  if (select c.relpersistence <> 'p' from pg_class c where c.oid = v_table) then
    return format('%s is unlogged: a crash would lose events', v_table);
  end if;
  select string_agg(format('%s is %s, not %s', e.name, coalesce(format_type(a.atttypid, a.atttypmod), 'missing'), e.type), '; ')
  into v_problem
  from (values
    ('msg_id', 'bigint'), ('enqueued_at', 'timestamp with time zone'), ('vt', 'timestamp with time zone'), ('message', 'jsonb')
  ) as e (name, type)
  left join pg_attribute a on a.attrelid = v_table and a.attname = e.name and not a.attisdropped
  where format_type(a.atttypid, a.atttypmod) is distinct from e.type;
  if v_problem is null then
    select string_agg(format('%s has no default', a.attname), '; ')
    into v_problem
    from pg_attribute a
    where a.attrelid = v_table and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = ''
      and a.attname not in ('vt', 'enqueued_at');
  end if;
  return v_table || ': ' || v_problem;
end
$$;
comment on function pgwhen._check_queue_shape(text) is 'What is wrong with the queue table of pgmq for our INSERT; null when it is as expected.';
