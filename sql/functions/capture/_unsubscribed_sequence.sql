create or replace function pgwhen._unsubscribed_sequence(p_attachment_id integer, p_operation text) returns regclass
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select to_regclass(format('pgwhen.unsubscribed_%s_%s', p_attachment_id, p_operation))
$$;
comment on function pgwhen._unsubscribed_sequence(integer, text) is 'The sequence that has a value while nobody is subscribed to an operation of an attachment (docs/decisions/0014); null where there is none.';
