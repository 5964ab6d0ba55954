-- All errors in one exception: the first as the message, all of them in the detail, one a line.
create or replace function pgwhen._refuse_problems(p_problems jsonb, p_workflow text) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_count integer;
  v_first jsonb;
  v_detail text;
begin
  select count(*), (array_agg(p.value order by p.value ->> 'path', p.value ->> 'code'))[1],
    string_agg(format('%s: %s [%s]%s', coalesce(nullif(p.value ->> 'path', ''), 'workflow'), p.value ->> 'message',
      p.value ->> 'code',
      coalesce(' (' || (p.value ->> 'hint') || ')', '')), E'\n' order by p.value ->> 'path', p.value ->> 'code')
  into v_count, v_first, v_detail
  from (select distinct e.value from jsonb_array_elements(p_problems) e where e.value ->> 'severity' = 'error') p;
  if v_count > 0 then
    raise exception using errcode = 'WF001',
      message = format('the workflow %s has %s', coalesce(p_workflow, '?'), case v_count when 1 then 'a problem: '
        || (v_first ->> 'message') else v_count || ' problems' end),
      detail = v_detail,
      hint = coalesce(case v_count when 1 then v_first ->> 'hint' end, 'pgwhen validate shows what is wrong with its line.');
  end if;
end
$$;
comment on function pgwhen._refuse_problems(jsonb, text) is 'Raises WF001 when there are errors among the problems.';
