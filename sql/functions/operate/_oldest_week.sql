-- By name, in any of the tables: their weeks may differ where only one had stray rows.
create or replace function pgwhen._oldest_week(p_cutoff timestamptz) returns timestamptz
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select min(w.week)
  from unnest(pgwhen._history_tables()) t (name)
  join pg_inherits i on i.inhparent = format('pgwhen.%I', t.name)::regclass
  join pg_class c on c.oid = i.inhrelid
  cross join lateral (
    select to_date(substring(c.relname from '_([0-9]{4}w[0-9]{2})$'), 'IYYY"w"IW')::timestamp at time zone 'UTC' as week) w
  where w.week + interval '7 days' <= p_cutoff
$$;
comment on function pgwhen._oldest_week(timestamptz) is 'The oldest week that ended before a time and still has partitions.';
