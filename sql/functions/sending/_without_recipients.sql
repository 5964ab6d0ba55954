-- Only an e-mail has several recipients. A list that becomes empty is left out, as it is where there was none.
create or replace function pgwhen._without_recipients(p_message jsonb, p_limits jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select p_message - '{to,cc,bcc}'::text[] || coalesce(jsonb_object_agg(k.key, k.addresses) filter (where k.addresses is not null), '{}')
  from (
    select r.key, (
      select jsonb_agg(a.value order by a.ordinality)
      from jsonb_array_elements(p_message -> r.key) with ordinality a
      where not coalesce(p_limits -> 'without' ? pgwhen._plain_address('email', a.value #>> '{}'), false)) as addresses
    from unnest(array['to', 'cc', 'bcc']) r (key)
    where jsonb_typeof(p_message -> r.key) = 'array') k
$$;
comment on function pgwhen._without_recipients(jsonb, jsonb) is 'An e-mail without the recipients that p_limits has in without.';
