create or replace function pgwhen._unsubscribed_sequence(p_attachment_id integer) returns regclass
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select to_regclass('pgwhen.unsubscribed_' || p_attachment_id)
$$;
comment on function pgwhen._unsubscribed_sequence(integer) is 'The sequence that has a value while nobody is subscribed to an attachment (docs/decisions/0014); null where there is none.';
