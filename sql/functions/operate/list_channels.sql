-- What a poller needs to have in its environment, from the versions that new executions get and those that unfinished ones keep.
create or replace function pgwhen.list_channels()
returns table (channel text, connection text, workflows text[], secrets text[])
language sql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with version as (
    select w.workflow_id, w.active_version as version, w.workflow
    from pgwhen.workflows w
    where w.tenant = pgwhen._tenant() and w.status = 'active'
    union
    select u.workflow_id, u.version, w.workflow
    from (select distinct u.workflow_id, u.version from pgwhen.unfinished u) u
    join pgwhen.workflows w on w.workflow_id = u.workflow_id and w.tenant = pgwhen._tenant()
  )
  select s.type, s.definition ->> 'connection', array_agg(distinct v.workflow order by v.workflow),
    array_remove(array_agg(distinct m.name order by m.name), null)
  from version v
  join pgwhen.steps s on s.workflow_id = v.workflow_id and s.version = v.version and s.performed_by = 'poller'
  left join lateral (
    select r.match[1] as name
    from regexp_matches(s.definition::text, $r$secret\(\s*\\?['"]env:([A-Za-z_][A-Za-z0-9_]*)\\?['"]\s*\)$r$, 'g') r (match)
  ) m on true
  group by s.type, s.definition ->> 'connection'
  order by s.type, s.definition ->> 'connection'
$$;
comment on function pgwhen.list_channels() is 'Channels that active workflows and unfinished executions send by: connection if the step names one, workflows, names of secrets that they use.';
