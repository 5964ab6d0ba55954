-- The texts of one channel in one locale: its keys, and that templates see declared variables only.
create or replace function pgwhen._check_message_texts(p_channel text, p_texts jsonb, p_variables text[], p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_keys constant text[] := case p_channel
    when 'email' then array['subject', 'preheader', 'text', 'html', 'markdown']
    when 'push' then array['title', 'text']
    when 'document' then array['html', 'markdown']
    else array['text'] end;
  v_bodies constant text[] := case p_channel
    when 'email' then array['text', 'html', 'markdown']
    when 'document' then array['html', 'markdown']
    else array['text'] end;
  v_problems jsonb := '[]'::jsonb;
  v_key text;
  v_text jsonb;
  v_parsed jsonb;
  v_name text;
begin
  if jsonb_typeof(p_texts) is distinct from 'object' then
    return pgwhen._problem('WF002', p_path, format('%s are not the texts of a message', pgwhen._quote(p_texts)), 'write ' || array_to_string(v_keys, ', '));
  end if;
  for v_key, v_text in select * from jsonb_each(p_texts) loop
    if v_key <> all (v_keys) then
      v_problems := v_problems || pgwhen._problem('WF003', p_path || '.' || v_key, format('a text for %s has no key %s', p_channel, pgwhen._quote(to_jsonb(v_key))),
        coalesce('did you mean ' || pgwhen._nearest(v_key, v_keys) || '?', 'it has ' || array_to_string(v_keys, ', ')));
      continue;
    elsif jsonb_typeof(v_text) <> 'string' or trim(v_text #>> '{}') = '' then
      v_problems := v_problems || pgwhen._problem('WF002', p_path || '.' || v_key, format('%s is not a text that is not empty', pgwhen._quote(v_text)));
      continue;
    end if;
    v_parsed := pgwhen._template_paths(v_text #>> '{}');
    if v_parsed ->> 'problem' is not null then
      v_problems := v_problems || pgwhen._problem('WF024', p_path || '.' || v_key, v_parsed ->> 'problem');
    end if;
    if v_parsed -> 'secrets' <> '[]' then
      v_problems := v_problems || pgwhen._problem('WF025', p_path || '.' || v_key, 'a message names no secret');
    end if;
    for v_name in select distinct r.value ->> 0 from jsonb_array_elements(v_parsed -> 'paths') r loop
      if v_name <> all (p_variables || '{unsubscribe_url}'::text[]) then
        v_problems := v_problems || pgwhen._problem('WF017', p_path || '.' || v_key, format('the variable %s is not declared', v_name),
          coalesce('did you mean ' || pgwhen._nearest(v_name, p_variables) || '?', format('declare it under variables: %s: {type: text}', v_name)));
      end if;
    end loop;
  end loop;
  if p_channel = 'email' and not p_texts ? 'subject' then
    v_problems := v_problems || pgwhen._problem('WF005', p_path, 'a text for email needs subject');
  end if;
  if p_texts ? 'markdown' and p_texts ?| '{text,html}' then
    v_problems := v_problems || pgwhen._problem('WF014', p_path || '.markdown', 'markdown stands for both text and html');
  elsif not p_texts ?| v_bodies then
    v_problems := v_problems || pgwhen._problem('WF005', p_path, format('a text for %s needs %s', p_channel,
      case p_channel when 'email' then 'markdown, or text and html' when 'document' then 'html or markdown' else 'text' end));
  end if;
  return v_problems;
end
$$;
comment on function pgwhen._check_message_texts(text, jsonb, text[], text) is 'Problems with the texts of a stored template for one channel and locale.';
