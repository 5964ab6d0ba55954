-- Whether a value is of the kind that its key takes, as far as that needs nothing but the value. What holds expressions is
-- looked at again when it is compiled; nested steps and triggers are walked through by their callers.
create or replace function pgwhen._check_kind(p_kind text, p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is constant text := jsonb_typeof(p_value);
  v_text constant text := case when v_is = 'string' then p_value #>> '{}' end;
  v_problems jsonb := '[]'::jsonb;
  v_choices text[];
  v_key text;
  v_item jsonb;
  v_wanted text;
begin
  case
    when p_kind in ('any', 'json', 'multipart', 'condition', 'type', 'value') or p_kind like 'value:%' then
      return '[]'::jsonb;
    when p_kind in ('text', 'template') then
      -- YAML makes numbers of texts that look like one: subject: 2024.
      v_wanted := case when v_is <> 'string' and (p_kind = 'text' or v_is <> 'number') then 'a text' when trim(v_text) = ''
        then 'a text that is not empty' end;
    when p_kind = 'identifier' then
      if v_text is null or v_text !~ '^[a-z][a-z0-9_]{0,39}$' then
        return pgwhen._problem('WF006', p_path, format('%s is not an identifier', pgwhen._quote(p_value)),
          'an identifier has up to 40 of a-z, 0-9 and _, the first of them a letter');
      end if;
    when p_kind = 'event_type' then
      -- What emit_event takes.
      if v_text is null or v_text !~ '^[a-z][a-z0-9_.]{0,99}$' then
        return pgwhen._problem('WF012', p_path, format('%s is not the type of an event', pgwhen._quote(p_value)),
          'a type has up to 100 of a-z, 0-9, _ and dots, the first of them a letter: invoice.overdue');
      end if;
    when p_kind in ('texts', 'identifiers') then
      v_wanted := case when v_is <> 'array' then 'a list of texts' end;
      if v_wanted is null then
        for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
          v_problems := v_problems || pgwhen._check_kind(rtrim(p_kind, 's'), p_value -> v_index,
            format('%s[%s]', p_path, v_index));
        end loop;
      end if;
    when p_kind = 'templates' then
      v_wanted := case when v_is not in ('string', 'number', 'array') or p_value in ('""', '[]')
        then 'a text or a list of texts' end;
      if v_is = 'array' then
        v_problems := pgwhen._check_kind('texts', p_value, p_path);
      end if;
    when p_kind = 'boolean' then
      v_wanted := case when v_is <> 'boolean' then 'true or false' end;
    when p_kind = 'true' then
      v_wanted := case when p_value <> 'true' then 'true' end;
    when p_kind like 'enum:%' then
      v_choices := string_to_array(substr(p_kind, 6), '|');
      if v_text is null or (v_text <> all (v_choices) and not (p_kind like '%GET%' and upper(v_text) = any (v_choices))) then
        return pgwhen._problem('WF012', p_path,
          format('%s is not one of %s', pgwhen._quote(p_value), array_to_string(v_choices, ', ')),
          'did you mean ' || pgwhen._nearest(v_text, v_choices) || '?');
      end if;
    when p_kind in ('duration', 'timeout', 'age') then
      if v_text is null or pgwhen._as_interval(v_text) is null or pgwhen._as_interval(v_text) <= interval '0' then
        return pgwhen._problem('WF011', p_path, format('%s is not a duration', pgwhen._quote(p_value)),
          'write it like 30 seconds, 3 days, 1 hour 30 minutes, 30s or 3d');
      end if;
      if p_kind = 'age' and pgwhen._as_interval(v_text) < interval '5 minutes' then
        return pgwhen._problem('WF011', p_path, format('%s is less than 5 minutes', pgwhen._quote(p_value)),
          'a poller that comes by every five minutes would find nothing but stale actions');
      end if;
      -- A poller holds an attempt that long, and a lease with it.
      if p_kind = 'timeout' and pgwhen._as_interval(v_text) > interval '1 hour' then
        return pgwhen._problem('WF011', p_path,
          format('%s is longer than 1 hour, too long for one attempt', pgwhen._quote(p_value)));
      end if;
    when p_kind = 'timezone' then
      if v_text is null or not pgwhen._is_valid('timezone', v_text) then
        return pgwhen._problem('WF012', p_path, format('%s is not a time zone', pgwhen._quote(p_value)),
          'write it like Europe/Amsterdam or UTC');
      end if;
    when p_kind = 'attempts' then
      v_wanted := case when v_is <> 'number' or p_value #>> '{}' !~ '^\d{1,3}$' or p_value::text::integer not between 1 and 100
        then 'a whole number from 1 to 100' end;
    when p_kind = 'factor' then
      v_wanted := case when v_is <> 'number' or p_value::numeric not between 1 and 10 then 'a number from 1 to 10' end;
    when p_kind = 'object' then
      v_wanted := case when v_is <> 'object' then 'an object' end;
    when p_kind in ('headers', 'secret_headers', 'parameters') then
      if v_is <> 'object' then
        v_wanted := 'an object of names and values';
      else
        for v_key, v_item in select * from jsonb_each(p_value) loop
          if jsonb_typeof(v_item) in ('object', 'null') or (jsonb_typeof(v_item) = 'array' and p_kind <> 'parameters') then
            v_problems := v_problems || pgwhen._problem('WF002', p_path || '.' || v_key,
              format('%s is not a text', pgwhen._quote(v_item)));
          elsif p_kind <> 'parameters' and v_key !~ '^[!#$%&''*+.^_`|~0-9A-Za-z-]+$' then
            v_problems := v_problems || pgwhen._problem('WF012', p_path || '.' || v_key,
              format('%s is not the name of a header', pgwhen._quote(to_jsonb(v_key))));
          end if;
        end loop;
      end if;
    when p_kind = 'steps' then
      v_wanted := case when v_is <> 'array' or p_value = '[]' then 'a list of steps' end;
    when p_kind in ('nodes', 'edges', 'tests', 'triggers') then
      v_wanted := case when v_is <> 'array' or (p_value = '[]' and p_kind in ('nodes', 'triggers')) then 'a list' end;
      if v_wanted is null and p_kind in ('edges', 'tests') then
        for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
          v_problems := v_problems || pgwhen._check_object(array[rtrim(p_kind, 's')], p_value -> v_index,
            format('%s[%s]', p_path, v_index),
            case p_kind when 'edges' then 'an edge' else 'a test' end);
        end loop;
      end if;
    when p_kind in ('on_error', 'default_on_error') then
      v_problems := pgwhen._check_on_error(p_value, p_path, p_kind = 'on_error');
    when p_kind = 'join' then
      v_wanted := case when v_text in ('all', 'any') or v_is = 'number' and p_value #>> '{}' ~ '^[1-9]\d{0,3}$' then null
        else 'all, any or a whole number from 1' end;
    when p_kind = 'outcome' then
      v_wanted := case when v_is not in ('string', 'boolean', 'number') or p_value = '""' then 'an outcome' end;
    when p_kind in ('cases', 'branches', 'parts', 'values') then
      v_problems := pgwhen._check_collection(p_kind, p_value, p_path);
    when p_kind in ('over', 'at_once', 'iterations', 'on_item_error') then
      return pgwhen._check_loop_kind(p_kind, p_value, p_path);
    when p_kind in ('window', 'weekdays', 'time_of_day', 'holidays') then
      return pgwhen._check_window_kind(p_kind, p_value, p_path);
    when p_kind = 'retry' then
      v_problems := pgwhen._check_object('{retry}', p_value, p_path, 'retry');
      if v_problems = '[]' and pgwhen._as_interval(p_value ->> 'within') >= interval '24 hours' then
        return pgwhen._problem('WF012', p_path || '.within', format('%s is not under 24 hours', p_value ->> 'within'),
          'providers forget after 24 hours that they have sent a message; a later attempt could send it twice');
      end if;
    when p_kind = 'approvers' then
      return pgwhen._check_approvers(p_value, p_path);
    when p_kind = 'exits' then
      v_wanted := case when v_is <> 'array' or p_value = '[]' then 'a list of what ends the execution' end;
      if v_wanted is null then
        for v_index in 0 .. jsonb_array_length(p_value) - 1 loop
          v_problems := v_problems || pgwhen._check_object('{exit}', p_value -> v_index, format('%s[%s]', p_path, v_index), 'an entry of exit_on')
            || case when jsonb_typeof(p_value -> v_index) = 'object'
              then pgwhen._check_watch(p_value -> v_index, format('%s[%s]', p_path, v_index), 'an entry of exit_on') else '[]' end;
        end loop;
      end if;
    when p_kind = 'need' then
      v_wanted := case when p_value not in ('"all"', '"majority"') and (v_is <> 'number' or p_value #>> '{}' !~ '^[1-9]\d{0,2}$')
        then 'a number from 1, all or majority' end;
    when p_kind in ('auth', 'expect', 'redirects') then
      return pgwhen._check_http_kind(p_kind, p_value, p_path);
    when p_kind in ('notification_message', 'channels', 'digest', 'connections') then
      return pgwhen._check_notification_kind(p_kind, p_value, p_path);
    when p_kind = 'attachments' then
      return pgwhen._check_attachments(p_value, p_path);
    when p_kind = 'step_path' then
      v_wanted := case when v_text is null or v_text !~ '^steps\.[a-z][a-z0-9_]{0,39}$' then 'the path of a step, as steps.thank' end;
    when p_kind in ('remind', 'escalate', 'approval_message', 'limits') then
      v_problems := pgwhen._check_object(array[p_kind], p_value, p_path, case p_kind when 'approval_message' then 'message' else p_kind end);
    when p_kind = 'inputs' then
      if v_is <> 'object' then
        v_wanted := 'an object of names and {type, required, default}';
      else
        for v_key, v_item in select * from jsonb_each(p_value) loop
          v_problems := v_problems || pgwhen._check_input_spec(v_key, v_item, p_path || '.' || v_key);
        end loop;
      end if;
    when p_kind in ('assignments', 'rows', 'conflict_update', 'order', 'limit', 'max_rows') then
      v_wanted := pgwhen._wanted_by_statement(p_kind, p_value);
    when p_kind = 'given' then
      v_problems := pgwhen._check_object('{given}', p_value, p_path, 'given');
    else
      raise exception using errcode = 'WF099', message = format('the kind %s is not known', p_kind),
        hint = 'This is a mistake in pgwhen: _language and _check_kind differ.';
  end case;
  if v_wanted is not null then
    return pgwhen._problem('WF002', p_path, format('%s is not %s', pgwhen._quote(p_value), v_wanted));
  end if;
  return v_problems;
end
$$;
comment on function pgwhen._check_kind(text, jsonb, text) is 'Problems with a value of a key, by the kind that the key takes.';
