-- A poller gets a key for one tenant, category and channel, derived from ours: with it links to any address of that kind can be
-- made, and nothing else. Null while the setting unsubscribe_url is not set.
create or replace function pgwhen._unsubscribe_grant(p_tenant text, p_category text, p_channel text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select jsonb_build_object('url', u.url, 'subject', s.subject, 'key', encode(pgwhen._hmac_sha256(k.key, convert_to(s.subject, 'UTF8')), 'hex'))
  from (select nullif(trim(t.value #>> '{}'), '') as url from pgwhen.settings t where t.name = 'unsubscribe_url') u
  cross join (select n.key_id, n.key from pgwhen.signing_keys n order by n.key_id desc limit 1) k
  cross join lateral (select concat_ws('|', k.key_id, p_tenant, coalesce(p_category, ''), p_channel) as subject) s
  where u.url is not null and p_category is distinct from 'transactional'
$$;
comment on function pgwhen._unsubscribe_grant(text, text, text) is 'What makes unsubscribe links of a category and channel: {url, subject: KEY|TENANT|CATEGORY|CHANNEL, key}; null where there are none.';
