-- For the application's own page of preferences as for operators. What is not named stays as it is.
create or replace function pgwhen.set_recipient(p_recipient text, p_values jsonb) returns text
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_names constant text[] := array['email', 'phone', 'push', 'chat', 'locale', 'timezone', 'quiet_from', 'quiet_to', 'preferences'];
  v_unknown text := (select min(k) from jsonb_object_keys(case jsonb_typeof(p_values) when 'object' then p_values else '{}' end) k where k <> all (c_names));
  v_is_new boolean;
begin
  if nullif(trim(p_recipient), '') is null or length(p_recipient) > 320 then
    raise exception using errcode = 'WF471', message = 'a recipient has an id of 1 to 320 characters',
      hint = 'It is what notification steps give as to.id: the key of a user, or an e-mail address.';
  elsif jsonb_typeof(p_values) is distinct from 'object' or v_unknown is not null then
    raise exception using errcode = 'WF471', message = format('a recipient has no %s', coalesce(v_unknown, 'values that are no object')),
      hint = 'It has ' || array_to_string(c_names, ', ') || '.';
  elsif p_values ->> 'timezone' is not null and not pgwhen._is_valid('timezone', p_values ->> 'timezone') then
    raise exception using errcode = 'WF471', message = format('%s is not a time zone', p_values ->> 'timezone'), hint = 'Write it like Europe/Amsterdam.';
  elsif trim(p_values ->> 'email') <> '' and pgwhen._plain_address('email', p_values ->> 'email') is null then
    raise exception using errcode = 'WF471', message = format('%s is not an e-mail address', quote_literal(left(p_values ->> 'email', 100))),
      hint = 'Write it like anna@example.com.';
  elsif trim(p_values ->> 'phone') <> '' and pgwhen._plain_address('sms', p_values ->> 'phone') is null then
    raise exception using errcode = 'WF471', message = format('%s is not a telephone number with its country', quote_literal(left(p_values ->> 'phone', 100))),
      hint = 'Write it like +31612345678.';
  elsif p_values ->> 'locale' <> '' and p_values ->> 'locale' !~ '^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$' then
    raise exception using errcode = 'WF471', message = format('%s is not a locale', quote_literal(left(p_values ->> 'locale', 100))), hint = 'Write it like en, nl or nl_BE.';
  elsif jsonb_typeof(p_values -> 'push') not in ('string', 'array', 'null') then
    raise exception using errcode = 'WF471', message = 'push is not a token or a list of tokens', hint = 'The first one is used.';
  elsif (p_values ->> 'quiet_from') !~ '^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$' or (p_values ->> 'quiet_to') !~ '^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$' then
    raise exception using errcode = 'WF471', message = 'quiet_from or quiet_to is not a time of day', hint = 'Write it like 22:00.';
  end if;
  if jsonb_typeof(p_values -> 'preferences') <> 'null' then
    perform pgwhen._check_preferences(p_values -> 'preferences');
  end if;
  insert into pgwhen.recipients as r (tenant, recipient, preferences, updated_at)
  values (pgwhen._tenant(), trim(p_recipient), '{}', pgwhen._now())
  on conflict (tenant, recipient) do nothing;
  v_is_new := found;
  update pgwhen.recipients r
  set email = case when p_values ? 'email' then nullif(trim(p_values ->> 'email'), '') else r.email end,
    phone = case when p_values ? 'phone' then nullif(pgwhen._plain_address('sms', p_values ->> 'phone'), '') else r.phone end,
    push = case when not p_values ? 'push' then r.push
      else array(select e.value from jsonb_array_elements_text(
        case jsonb_typeof(p_values -> 'push') when 'array' then p_values -> 'push' when 'string' then jsonb_build_array(p_values -> 'push') else '[]' end) e) end,
    chat = case when p_values ? 'chat' then nullif(p_values ->> 'chat', '') else r.chat end,
    locale = case when p_values ? 'locale' then nullif(p_values ->> 'locale', '') else r.locale end,
    timezone = case when p_values ? 'timezone' then p_values ->> 'timezone' else r.timezone end,
    quiet_from = case when p_values ? 'quiet_from' then (p_values ->> 'quiet_from')::time else r.quiet_from end,
    quiet_to = case when p_values ? 'quiet_to' then (p_values ->> 'quiet_to')::time else r.quiet_to end,
    preferences = case when p_values ? 'preferences' then coalesce(nullif(p_values -> 'preferences', 'null'), '{}') else r.preferences end,
    updated_at = pgwhen._now()
  where r.tenant = pgwhen._tenant() and r.recipient = trim(p_recipient);
  return case when v_is_new then 'added' else 'changed' end;
exception
  when unique_violation then
    raise exception using errcode = 'WF471', message = format('another recipient has the address of %s', p_recipient),
      hint = 'pgwhen recipients list --address shows whose it is.';
  when check_violation then
    raise exception using errcode = 'WF471', message = 'quiet_from and quiet_to go together, and differ', hint = 'Give both, or null for both.';
end
$$;
comment on function pgwhen.set_recipient(text, jsonb) is 'Adds a recipient of notifications, or changes what is named: email, phone, push, chat, locale, timezone, quiet_from, quiet_to, preferences; null removes it. Returns added or changed.
preferences: {channels: {sms: false}, categories: {marketing: false, news: [email]}, digest: {news: hourly | daily | none}}.';
