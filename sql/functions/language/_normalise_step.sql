-- {id, type, config: {...}} of older systems becomes a flat step that goes on after a failure, as their steps did. p_names maps
-- identifiers to what they were rewritten to.
create or replace function pgwhen._normalise_step(p_step jsonb, p_names jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_step jsonb := p_step;
  v_config jsonb;
  v_action text;
  v_key text;
  v_name text;
  v_branch record;
begin
  if jsonb_typeof(v_step) is distinct from 'object' then
    return p_step;
  end if;
  v_config := v_step -> 'config';
  if jsonb_typeof(v_config) = 'object' then
    v_action := coalesce(v_config ->> 'actionType', v_config ->> 'action_type');
    v_step := (v_config - array['actionType', 'action_type']) || (v_step - 'config');
    if v_step ->> 'type' = 'action' and v_action is not null then
      v_step := v_step || jsonb_build_object('type', case
        when v_action in ('sendEmail', 'send_email') then 'email'
        when v_action in ('sendSMS', 'sendSms', 'send_sms') then 'sms'
        when v_action in ('http_request', 'httpRequest') then 'http'
        else v_action end);
    end if;
    if v_step ->> 'type' in ('email', 'sms') then
      foreach v_key in array array['recipient', 'message'] loop
        v_name := case v_key when 'recipient' then 'to' else 'text' end;
        if v_step ? v_key and not v_step ? v_name then
          v_step := (v_step - v_key) || jsonb_build_object(v_name, v_step -> v_key);
        end if;
      end loop;
    end if;
    if not v_step ? 'on_error' and v_step ->> 'type' is distinct from 'stop' then
      v_step := v_step || '{"on_error": "continue"}';
    end if;
  end if;

  if p_names ? (v_step ->> 'id') then
    v_step := v_step || jsonb_build_object('id', p_names -> (v_step ->> 'id'));
  end if;
  if jsonb_typeof(v_step -> 'needs') in ('string', 'number') then
    v_step := v_step || jsonb_build_object('needs', jsonb_build_array(v_step -> 'needs'));
  end if;
  if jsonb_typeof(v_step -> 'needs') = 'array' then
    v_step := v_step || jsonb_build_object('needs', (
      select coalesce(jsonb_agg(coalesce(p_names -> (n.value #>> '{}'), n.value) order by n.ordinality), '[]')
      from jsonb_array_elements(v_step -> 'needs') with ordinality n));
  end if;
  for v_branch in select b.* from pgwhen._branches(v_step) b loop
    v_step := jsonb_set(v_step, v_branch.place, case when jsonb_typeof(v_branch.steps) = 'array' then (
        select coalesce(jsonb_agg(pgwhen._normalise_step(s.value, p_names) order by s.ordinality), '[]')
        from jsonb_array_elements(v_branch.steps) with ordinality s)
      else pgwhen._normalise_step(v_branch.steps, p_names) - case when v_step #> v_branch.place ? 'id' then '' else 'id' end end);
  end loop;
  return v_step;
end
$$;
comment on function pgwhen._normalise_step(jsonb, jsonb) is 'A step in the words of the language, its branches included.';
