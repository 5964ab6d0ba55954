create or replace function pgwhen._check_endpoint(p_step jsonb, p_tenant text, p_path text) returns jsonb
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when jsonb_typeof(p_step -> 'endpoint') <> 'string' or exists (
      select from pgwhen.endpoints e where e.tenant = p_tenant and e.name = p_step ->> 'endpoint') then '[]'
    else pgwhen._problem('WF430', p_path || '.endpoint', format('there is no endpoint %s', pgwhen._quote(p_step -> 'endpoint')),
      coalesce(
        'did you mean ' || pgwhen._nearest(p_step ->> 'endpoint', array(
          select e.name from pgwhen.endpoints e where e.tenant = p_tenant order by e.name)) || '?',
        format('pgwhen endpoints add %s URL --secret env:VARIABLE', p_step ->> 'endpoint')))
    end
$$;
comment on function pgwhen._check_endpoint(jsonb, text, text) is 'Problems with the endpoint that a step names.';
