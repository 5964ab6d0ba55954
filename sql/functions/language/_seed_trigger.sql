-- The names of triggers that older systems used, with conditions such as {"new_status": "completed"}. A status that has to
-- become something is a becomes, so that saving the row again starts nothing.
create or replace function pgwhen._seed_trigger(p_type text, p_conditions jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_given jsonb := case jsonb_typeof(p_conditions) when 'object' then jsonb_strip_nulls(p_conditions) else '{}' end;
  v_new jsonb := coalesce(v_given -> 'new_status', v_given -> 'newStatus');
  v_old jsonb := coalesce(v_given -> 'old_status', v_given -> 'oldStatus');
  v_trigger jsonb;
  v_if jsonb := v_given - array['new_status', 'newStatus', 'old_status', 'oldStatus'];
begin
  case
    when p_type in ('lead_created', 'job_created') then
      v_trigger := jsonb_build_object('table', split_part(p_type, '_', 1) || 's', 'row', 'created');
    when p_type = 'form_submission' then
      v_trigger := '{"table": "form_submissions", "row": "created"}';
    when p_type = 'job_completed' then
      v_trigger := jsonb_build_object('table', 'jobs', 'becomes', jsonb_build_object('status', coalesce(v_new, '"completed"')));
    when p_type in ('lead_status_change', 'lead_status_changed', 'job_status_change', 'job_status_changed') then
      v_trigger := jsonb_build_object('table', split_part(p_type, '_', 1) || 's')
        || case when v_new is null then '{"row": "updated", "columns": ["status"]}'
             else jsonb_build_object('becomes', jsonb_build_object('status', v_new)) end;
    else
      return null;
  end case;
  if jsonb_typeof(v_new) = 'array' and v_trigger ? 'becomes' then
    v_trigger := jsonb_set(v_trigger, '{becomes,status}', jsonb_build_object('in', v_new));
  end if;
  if v_old is not null then
    v_if := v_if || jsonb_build_object('old.status', case jsonb_typeof(v_old) when 'array' then jsonb_build_object('in', v_old)
      else v_old end);
  end if;
  return v_trigger || case when v_if = '{}' then '{}' else jsonb_build_object('if', v_if) end;
end
$$;
comment on function pgwhen._seed_trigger(text, jsonb) is 'The trigger that a name such as job_completed stands for, or null for an unknown name.';
