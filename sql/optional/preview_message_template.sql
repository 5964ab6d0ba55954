-- requires: language plpython3u
--
-- Markdown stays Markdown here, with values that are no markup: both bodies of an e-mail are made by the poller, and by
-- `pgwhen messages preview`.
create or replace function pgwhen.preview_message_template(p_message text, p_channel text default null, p_variables jsonb default null,
  p_locale text default 'en', p_timezone text default 'UTC') returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_template constant pgwhen.message_templates := pgwhen._require_message(p_message);
  v_channels constant jsonb := v_template.definition -> 'channels';
  v_channel constant text := coalesce(p_channel, (select k from jsonb_object_keys(v_channels) k order by k <> 'email', k limit 1));
  v_variables constant jsonb := coalesce(p_variables,
    (select jsonb_object_agg(d.key, d.value -> 'example') from jsonb_each(v_template.definition -> 'variables') d), '{}');
  v_locale text;
  v_texts jsonb;
begin
  if not v_channels ? v_channel then
    raise exception using errcode = 'WF457', message = format('the stored template %s has no texts for %s', p_message, v_channel),
      hint = 'It has texts for ' || (select string_agg(k, ', ') from jsonb_object_keys(v_channels) k) || '.';
  end if;
  select k into v_locale
  from jsonb_object_keys(v_channels -> v_channel) k
  order by replace(lower(k), '-', '_') = replace(lower(p_locale), '-', '_') desc,
    lower(k) = lower(split_part(replace(p_locale, '-', '_'), '_', 1)) desc,
    lower(split_part(replace(k, '-', '_'), '_', 1)) = lower(split_part(replace(p_locale, '-', '_'), '_', 1)) desc,
    k = 'en' desc, k
  limit 1;
  select jsonb_object_agg(t.key, pgwhen.render_template(t.value, v_variables,
    case when t.key = 'subject' then 'header' when t.key in ('html', 'markdown') then t.key when v_channel = 'chat' then 'chat' else 'text' end,
    p_locale, p_timezone))
  into v_texts
  from jsonb_each_text(v_channels -> v_channel -> v_locale) t;
  return jsonb_build_object('message', v_template.message, 'version', v_template.version, 'channel', v_channel, 'locale', v_locale, 'texts', v_texts);
end
$$;
comment on function pgwhen.preview_message_template(text, text, jsonb, text, text) is 'What a stored template says with some variables (its examples unless given): {message, version, channel, locale, texts}.
p_channel: email unless given, where there is one. Errors: WF455, WF457, WF162 for what is missing or wrong.';
alter function pgwhen.preview_message_template(text, text, jsonb, text, text) owner to pgwhen_owner;
