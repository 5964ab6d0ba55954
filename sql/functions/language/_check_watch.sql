-- Which keys go together where something is waited for. p_what is "a wait" or "an entry of exit_on".
create or replace function pgwhen._check_watch(p_watch jsonb, p_path text, p_what text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_forms constant text[] := '{event,table,until,inbound,delivery}'::text[];
  v_forms text[] := array(select f from unnest(c_forms) f where p_watch ? f);
  v_problems jsonb := '[]'::jsonb;
  v_key text;
begin
  if cardinality(v_forms) <> 1 then
    v_problems := pgwhen._problem('WF014', p_path, case when v_forms = '{}' then format('%s does not say what for', p_what)
        else format('%s is for one thing, not for %s', p_what, array_to_string(v_forms, ' and ')) end,
      'event: invoice.paid; or table: lead_messages with row: created' || case p_what when 'a wait' then '; or until: {status: won}' else '' end);
  end if;
  if p_watch ? 'table' and not p_watch ? 'row' then
    v_problems := v_problems || pgwhen._problem('WF005', p_path, format('%s for a table needs row', p_what), 'row: created, updated, deleted or saved');
  end if;
  foreach v_key in array array['row', 'match'] loop
    if p_watch ? v_key and not p_watch ? 'table' and not (v_key = 'match' and p_watch ? 'event') and v_forms <> '{}' then
      v_problems := v_problems || pgwhen._problem('WF014', p_path || '.' || v_key,
        format('%s goes with %s, not with %s', v_key, case v_key when 'row' then 'table' else 'table or event' end, v_forms[1]));
    end if;
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_watch(jsonb, text, text) is 'Problems with the keys that say what is waited for.';
