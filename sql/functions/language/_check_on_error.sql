-- A fallback is looked at as the step that it is; here only its place.
create or replace function pgwhen._check_on_error(p_value jsonb, p_path text, p_of_step boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_words constant text := case when p_of_step then 'fail, continue, a list of steps, {fallback} or {workflow}' else 'fail, continue or {workflow}' end;
  v_keys constant text[] := case when p_of_step then array['fallback', 'workflow'] else array['workflow'] end;
  v_key text;
begin
  case jsonb_typeof(p_value)
    when 'object' then
      v_key := (select k from jsonb_object_keys(p_value) k order by k <> all (v_keys), k limit 1);
      if v_key is null or v_key <> all (v_keys) then
        return pgwhen._problem('WF012', p_path, format('%s is not one of %s', pgwhen._quote(p_value), v_words),
          'did you mean ' || pgwhen._nearest(v_key, v_keys) || '?');
      elsif (select count(*) from jsonb_object_keys(p_value)) > 1 then
        return pgwhen._problem('WF014', p_path, format('on_error has one of %s', array_to_string(v_keys, ' and ')),
          'an object with one key');
      elsif v_key = 'workflow' then
        return pgwhen._check_kind('identifier', p_value -> 'workflow', p_path || '.workflow');
      elsif jsonb_typeof(p_value -> 'fallback') <> 'object' then
        return pgwhen._problem('WF002', p_path || '.fallback', format('%s is not a step', pgwhen._quote(p_value -> 'fallback')),
          'write it like {fallback: {type: sms, to: ..., text: ...}}');
      end if;
      return '[]'::jsonb;
    when 'array' then
      if not p_of_step or p_value = '[]' then
        return pgwhen._problem('WF002', p_path, format('%s is not %s', pgwhen._quote(p_value), case when p_of_step then 'a list of steps' else v_words end),
          case when not p_of_step then 'steps for errors stand on a step' end);
      end if;
      return '[]'::jsonb;
    else
      if p_value not in ('"fail"', '"continue"') then
        return pgwhen._problem('WF012', p_path, format('%s is not one of %s', pgwhen._quote(p_value), v_words),
          'did you mean ' || pgwhen._nearest(p_value #>> '{}', '{fail,continue}') || '?');
      end if;
      return '[]'::jsonb;
  end case;
end
$$;
comment on function pgwhen._check_on_error(jsonb, text, boolean) is 'Problems with on_error of a step or of the workflow.';
