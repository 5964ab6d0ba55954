-- Callbacks come in any order, so the latest word is the strongest, not the last: who clicked has got it, whatever came after.
create or replace function pgwhen._delivery_state(p_execution_id uuid, p_step_id text, p_generation integer, p_part integer) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with latest as (
    select distinct on (d.address) d.address, d.status, d.at, d.detail,
      array_position(array['accepted', 'delivered', 'failed', 'bounced', 'opened', 'clicked', 'unsubscribed', 'complained'], d.status) as rank
    from pgwhen.deliveries d
    where d.execution_id = p_execution_id and d.step_id = p_step_id and d.generation = p_generation and d.part = p_part
    order by d.address, rank desc, d.delivery_id desc
  )
  select jsonb_build_object('status', (array_agg(l.status order by l.rank desc))[1], 'at', (array_agg(l.at order by l.rank desc))[1],
    'recipients', jsonb_agg(jsonb_build_object('address', l.address, 'status', l.status, 'at', l.at, 'detail', nullif(l.detail, '{}')) order by l.address))
  from latest l
  having count(*) > 0
$$;
comment on function pgwhen._delivery_state(uuid, text, integer, integer) is 'What became of a message as far as its provider told: {status, at, recipients: [{address, status, at, detail}]}; null where nothing came.';
