-- A channel without a list of categories caps all but transactional messages; those only where they are named.
create or replace function pgwhen._recipient_caps() returns table (channel text, most integer, per interval, categories text[])
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select c.key, (c.value ->> 'limit')::integer, (c.value ->> 'per')::interval,
    case when c.value ? 'categories' then array(select jsonb_array_elements_text(c.value -> 'categories')) end
  from pgwhen.settings s
  cross join lateral jsonb_each(s.value) c
  where s.name = 'recipient_caps'
$$;
comment on function pgwhen._recipient_caps() is 'The setting recipient_caps, a row for each channel: so many messages per time to one recipient, of these categories (null: all but transactional).';
