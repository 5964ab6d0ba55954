-- Pairs of attachment and operation; who calls this holds the lock of _lock_definitions, which goes before locks of rows.
create or replace function pgwhen._subscribe(p_attachment_ids integer[], p_operations text[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  update pgwhen.attachments a
  set operations = array(select distinct o.operation from unnest(a.operations || w.operations) as o (operation) order by o.operation)
  from (
    select p.attachment_id, array_agg(p.operation) as operations
    from unnest(p_attachment_ids, p_operations) as p (attachment_id, operation)
    group by p.attachment_id
  ) w
  where a.attachment_id = w.attachment_id and a.detached_at is null and not a.operations @> w.operations;
  perform pgwhen._mark_subscribed();
end
$$;
comment on function pgwhen._subscribe(integer[], text[]) is 'Has operations of attached tables captured from now on.';
