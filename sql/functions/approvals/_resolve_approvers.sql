-- Who is meant, at the moment of asking. Somebody who is named twice is asked once, at the first place. Who caused the event is left
-- out (p_requester); null leaves nobody out.
create or replace function pgwhen._resolve_approvers(p_approvers jsonb, p_context jsonb, p_requester text)
returns table (place integer, approver text, email text, phone text, user_name text, role_name text)
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select distinct on (a.approver) i.ordinality::integer, a.approver, a.email, a.phone, a.user_name, a.role_name
  from jsonb_array_elements(p_approvers) with ordinality i
  cross join lateral pgwhen._approvers_of(i.value, i.ordinality::integer, p_context) a
  where p_requester is null or lower(p_requester) not in (lower(a.approver), lower(coalesce(a.user_name, a.approver)))
  order by a.approver, i.ordinality
$$;
comment on function pgwhen._resolve_approvers(jsonb, jsonb, text) is 'The people whom compiled approvers mean, each once, without the requester.';
