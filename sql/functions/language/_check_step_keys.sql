-- Type and keys of a step, and what belongs together.
create or replace function pgwhen._check_step_keys(p_step jsonb, p_path text, p_is_node boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_type constant text := case jsonb_typeof(p_step -> 'type') when 'string' then p_step ->> 'type' end;
  v_known record;
  v_problems jsonb;
  v_key text;
  v_part jsonb;
begin
  if jsonb_typeof(p_step) is distinct from 'object' then
    return pgwhen._problem('WF002', p_path, format('a step is an object, not %s', pgwhen._quote(p_step)));
  end if;
  select l.kind, l.scope into v_known from pgwhen._language() l where l.scope = 'type' and l.key = v_type;
  if not p_step ? 'type' then
    return pgwhen._problem('WF005', p_path, 'a step needs type', 'types are ' || pgwhen._step_types()) || case
      when p_step ? 'id' then
      pgwhen._check_kind('identifier', p_step -> 'id', p_path || '.id')
        else pgwhen._problem('WF005', p_path, 'a step needs id') end;
  elsif v_known.scope is null then
    return pgwhen._problem('WF013', p_path || '.type',
      format('%s is not a type of step', pgwhen._quote(p_step -> 'type')), coalesce(
      'did you mean ' || coalesce(pgwhen._nearest(v_type, array(select l.key from pgwhen._language() l where l.scope = 'type')),
        case v_type when 'mail' then 'email' when 'sendEmail' then 'email' when 'text' then 'sms' when 'request' then 'http'
          when 'http_request' then 'http'
          when 'sleep' then 'delay' when 'if' then 'condition' when 'end' then 'stop' when 'exit' then 'stop' end) || '?',
      'types are ' || pgwhen._step_types()));
  end if;

  v_problems := pgwhen._check_object(case when p_is_node then array_append(pgwhen._step_scopes(v_type), 'node') else pgwhen._step_scopes(v_type) end,
    p_step, p_path,
    case when v_type in ('email', 'http', 'approval', 'action') then 'an ' || v_type else 'a ' || v_type end || ' step');
  if p_is_node then
    for v_key in
      select case b.place[1] when 'parts' then array_to_string(b.place, '.') else b.place[1] end
      from pgwhen._branches(p_step) b where b.key <> 'on_error.fallback'
      union
      select 'needs' where p_step ? 'needs'
    loop
      v_problems := v_problems || pgwhen._problem('WF014', p_path || '.' || v_key, case v_key
        when 'on_error' then 'steps for errors go with steps; between nodes write an edge with outcome: error'
        when 'steps' then 'steps goes with steps; between nodes, parent says which loop a node is in'
        else format('%s goes with steps; between nodes there are edges', v_key) end);
    end loop;
    if v_type = 'parallel' and p_step ? 'join' then
      v_problems := v_problems || pgwhen._problem('WF014', p_path || '.join', 'join of a parallel goes with branches',
        'between nodes it stands on the node where they meet');
    end if;
  elsif v_type = 'switch' and not p_step ? 'cases' or v_type = 'parallel' and not p_step ? 'branches' then
    v_problems := v_problems || pgwhen._problem('WF005', p_path,
      case v_type when 'switch' then 'a switch step needs cases' else 'a parallel step needs branches' end);
  end if;
  if p_path like '%.on_error.fallback' then
    foreach v_key in array array['needs', 'join', 'cancel_rest', 'parent'] loop
      if p_step ? v_key then
        v_problems := v_problems || pgwhen._problem('WF014', p_path || '.' || v_key, format('a fallback has no %s: it comes after its step', v_key));
      end if;
    end loop;
  end if;
  if p_step -> 'cancel_rest' = 'true' and coalesce(p_step -> 'join', '"all"') = '"all"' then
    v_problems := v_problems || pgwhen._problem('WF014', p_path || '.cancel_rest', 'cancel_rest goes with join: any or a number: with all there is no rest');
  end if;
  if v_known.kind = 'engine' then
    foreach v_key in array array['retry', 'timeout', 'on_uncertain'] loop
      -- Those that wait have a time of their own, and the messages of an approval are repeated as actions are.
      if p_step ? v_key and v_type <> 'notification'
          and not (v_type in ('wait', 'approval') and v_key = 'timeout' or v_type = 'approval' and v_key = 'retry') then
        v_problems := v_problems || pgwhen._problem('WF012', p_path || '.' || v_key,
          format('%s has no effect on a %s: it is for actions', v_key, v_type));
      end if;
    end loop;
  end if;
  if v_known.kind = 'database' then
    v_problems := v_problems || pgwhen._check_statement_keys(p_step, p_path);
  end if;
  v_problems := v_problems || pgwhen._check_locale(p_step -> 'locale', p_path || '.locale')
    || case when v_type = 'notification' then pgwhen._check_locale(p_step #> '{to,locale}', p_path || '.to.locale') else '[]' end;
  case v_type
    when 'condition' then
      if not p_step ? 'if' then
        v_problems := v_problems || pgwhen._problem('WF005', p_path, 'a condition step needs if');
      end if;
    when 'stop' then
      if p_step ? 'on_error' then
        v_problems := v_problems || pgwhen._problem('WF012', p_path || '.on_error', 'on_error has no effect on a stop');
      end if;
      if p_step -> 'branch' = 'true' and p_step ? 'as' then
        v_problems := v_problems || pgwhen._problem('WF014', p_path || '.as', 'a stop that ends only its branch does not say how the execution ends');
      end if;
    when 'wait' then
      v_problems := v_problems || pgwhen._check_watch(p_step, p_path, 'a wait');
      if p_step ? 'timed_out' and not p_step ? 'timeout' then
        v_problems := v_problems || pgwhen._problem('WF014', p_path || '.timed_out', 'timed_out goes with timeout');
      end if;
    when 'delay' then
      v_problems := v_problems || pgwhen._check_delay(p_step, p_path);
    when 'email' then
      if not p_step ?| '{text,html,markdown,template}' then
        v_problems := v_problems || pgwhen._problem('WF005', p_path, 'an email step needs text, html, markdown or template');
      elsif p_step ? 'markdown' and p_step ?| '{text,html}' then
        v_problems := v_problems || pgwhen._problem('WF014', p_path || '.markdown', 'markdown stands for both text and html');
      end if;
      if not p_step ?| '{subject,template}' then
        v_problems := v_problems || pgwhen._problem('WF005', p_path, 'an email step needs subject');
      end if;
    when 'sms' then
      if not p_step ?| '{text,template}' then
        v_problems := v_problems || pgwhen._problem('WF005', p_path, 'a sms step needs text');
      end if;
    when 'chat' then
      if not p_step ?| '{text,template}' then
        v_problems := v_problems || pgwhen._problem('WF005', p_path, 'a chat step needs text');
      end if;
    when 'push' then
      if (p_step ? 'to')::integer + (p_step ? 'topic')::integer <> 1 then
        v_problems := v_problems || pgwhen._problem('WF014', p_path, 'a push step has one of to and topic');
      end if;
      if not p_step ?| '{title,text,data,template}' then
        v_problems := v_problems || pgwhen._problem('WF005', p_path, 'a push step needs title or text');
      end if;
    when 'document' then
      if (p_step ? 'html')::integer + (p_step ? 'markdown')::integer + (p_step ? 'template')::integer <> 1 then
        v_problems := v_problems || pgwhen._problem('WF014', p_path, 'a document step has one of html, markdown and template');
      end if;
    when 'calendar' then
      if p_step ? 'end' and p_step ? 'duration' then
        v_problems := v_problems || pgwhen._problem('WF014', p_path, 'a calendar step has one of end and duration');
      end if;
      if p_step ->> 'method' in ('update', 'cancel') and not p_step ? 'uid' then
        v_problems := v_problems || pgwhen._problem('WF005', p_path, format('a calendar step that says %s needs uid', p_step ->> 'method'),
          'calendars know an appointment by it: write that of its invitation');
      end if;
      if p_step ? 'attendees' and not p_step ? 'organizer' then
        v_problems := v_problems || pgwhen._problem('WF005', p_path, 'a calendar step with attendees needs organizer',
          'attendees answer to somebody');
      end if;
    when 'http' then
      v_problems := v_problems || pgwhen._check_request(p_step, p_path);
      if (p_step ? 'json')::integer + (p_step ? 'form')::integer + (p_step ? 'body')::integer + (p_step ? 'multipart')::integer > 1 then
        v_problems := v_problems || pgwhen._problem('WF014', p_path, 'a request has one of json, form, multipart and body');
      end if;
      -- A text is a template, whose value is seen when it is rendered.
      if jsonb_typeof(p_step -> 'multipart') not in ('object', 'string') or p_step -> 'multipart' = '{}' then
        v_problems := v_problems || pgwhen._problem('WF002', p_path || '.multipart',
          format('%s is not an object of names and values', pgwhen._quote(p_step -> 'multipart')));
      end if;
      for v_key, v_part in
        select e.key, e.value
        from jsonb_each(case when jsonb_typeof(p_step -> 'multipart') = 'object' then p_step -> 'multipart' end) e
        where jsonb_typeof(e.value) = 'object'
      loop
        if (v_part ? 'text')::integer + (v_part ? 'document')::integer <> 1 then
          v_problems := v_problems || pgwhen._problem('WF014', p_path || '.multipart.' || v_key, 'a file has one of text and document');
        end if;
        v_problems := v_problems || coalesce((
          select pgwhen._problem('WF003', p_path || '.multipart.' || v_key || '.' || min(k), format('a file has no key %s', pgwhen._quote(to_jsonb(min(k)))),
            'it has text, document, file, media_type')
          from jsonb_object_keys(v_part) k
          where k <> all ('{text,document,file,media_type}')
          having count(*) > 0), '[]');
      end loop;
    else
      null;
  end case;
  return v_problems;
end
$$;
comment on function pgwhen._check_step_keys(jsonb, text, boolean) is 'Problems with the type and keys of a step.';
