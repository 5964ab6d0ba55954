-- What the poller's filters need to know, found once, at publish: the step's locale, else the workflow's constant locale, else the
-- tenant's variable; and the workflow's time zone. Only steps that use it read the tenant.
create or replace function pgwhen._formatting(p_step jsonb, p_scope jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when not p_step ?| '{template,locale,markdown,variables}' and p_step ->> 'type' not in ('calendar', 'document', 'notification')
      and p_step::text !~ '\|\s*(money|number|date|datetime|phone)\M' then '{"definition": {}, "reads": []}'
    else jsonb_build_object(
      'definition', jsonb_build_object('locale', case when p_step ? 'locale' then jsonb_build_array(p_step -> 'locale') else '[]' end || c.locale)
        || case when p_step ? 'timezone' or coalesce(p_scope ->> 'timezone', 'UTC') = 'UTC' then '{}'
          else jsonb_build_object('timezone', p_scope -> 'timezone') end,
      'reads', case when c.locale = '"{{ tenant.locale }}"' then '[["tenant", "locale"]]' else '[]' end::jsonb)
    end
  from (select case when jsonb_typeof(p_scope -> 'vars' -> 'locale') = 'string' and p_scope -> 'vars' ->> 'locale' ~ '^[A-Za-z0-9_-]+$'
    then p_scope -> 'vars' -> 'locale' else '"{{ tenant.locale }}"' end) c (locale)
$$;
comment on function pgwhen._formatting(jsonb, jsonb) is 'Locale (templates, the first that gives one counts) and time zone of the filters of a step that the poller renders, to be added to its definition, and what they read.';
