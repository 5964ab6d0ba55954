-- Times compare with times, texts with what they may spell; JSON and what is not known may be anything.
create or replace function pgwhen._fits(p_given text, p_wanted text) returns boolean
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select p_given is null or p_wanted is null or p_given = p_wanted or 'jsonb' in (p_given, p_wanted)
    or (p_wanted in ('text', 'bpchar') and p_given <> 'array')
    or (p_given in ('text', 'bpchar')
      and p_wanted in ('text', 'bpchar', 'interval', 'timestamptz', 'timestamp', 'date', 'uuid', 'time'))
    or (p_given in ('timestamptz', 'timestamp', 'date') and p_wanted in ('timestamptz', 'timestamp', 'date'))
$$;
comment on function pgwhen._fits(text, text) is 'Whether a value of one kind can be meant where another is wanted.';
