-- One place that says who: the actor of capture, so that an operator behind a gateway is named as in events.
create or replace function pgwhen._audit(p_command text, p_targets text[], p_reason text, p_detail jsonb default '{}') returns void
language sql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  insert into pgwhen.audit_log (at, actor, tenant, command, target, reason, detail)
  select pgwhen._now(), coalesce(pgwhen._actor(), session_user), pgwhen._tenant(), p_command, t.target, p_reason, p_detail
  from unnest(p_targets) t (target)
$$;
comment on function pgwhen._audit(text, text[], text, jsonb) is 'Writes down what an operator or author did, a row for each target.';
