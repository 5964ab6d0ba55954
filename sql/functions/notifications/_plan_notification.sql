-- Addresses that the step gives count before those of the list of recipients. A category that the recipient does not want is not
-- told at all, a channel that they do not want is passed over; transactional messages are told by some channel all the same.
create or replace function pgwhen._plan_notification(p_tenant text, p_compiled jsonb, p_to jsonb,
  out recipient text, out addresses jsonb, out channels text[], out refusal text, out problem text, out digest jsonb)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_category constant text := coalesce(p_compiled ->> 'category', 'transactional');
  v_known pgwhen.recipients;
  v_wish jsonb;
  v_wanted text[];
  v_reaching text[];
begin
  if jsonb_typeof(p_to) is distinct from 'object' then
    problem := 'to is not an object of id, email, phone, push, chat';
    return;
  end if;
  recipient := coalesce(nullif(trim(p_to ->> 'id'), ''), nullif(trim(p_to ->> 'email'), ''), nullif(trim(p_to ->> 'phone'), ''),
    nullif(p_to ->> 'push', ''), nullif(p_to ->> 'chat', ''));
  if recipient is null then
    problem := 'to has no id and no address';
    return;
  end if;
  select r.* into v_known from pgwhen.recipients r where r.tenant = p_tenant and r.recipient = _plan_notification.recipient;
  if not found and p_to ->> 'email' is not null then
    select r.* into v_known from pgwhen.recipients r where r.tenant = p_tenant and lower(r.email) = lower(trim(p_to ->> 'email')) limit 1;
    recipient := coalesce(v_known.recipient, recipient);
  end if;
  addresses := jsonb_strip_nulls(jsonb_build_object('email', v_known.email, 'phone', v_known.phone, 'push', to_jsonb(v_known.push[1]),
      'chat', v_known.chat, 'locale', v_known.locale, 'timezone', v_known.timezone))
    || (jsonb_strip_nulls(p_to) - 'id');
  select array_agg(c.value order by c.ordinality) into v_reaching
  from jsonb_array_elements_text(p_compiled -> 'channels') with ordinality c
  where nullif(addresses ->> case c.value when 'sms' then 'phone' else c.value end, '') is not null;
  if v_reaching is null then
    problem := format('%s has no address for %s', recipient, (select string_agg(c, ', ') from jsonb_array_elements_text(p_compiled -> 'channels') c));
    return;
  end if;
  v_wish := v_known.preferences -> 'categories' -> v_category;
  v_wanted := array(
    select c from unnest(v_reaching) with ordinality r (c, place)
    where coalesce(v_known.preferences -> 'channels' -> c, 'true') <> 'false'
      and (jsonb_typeof(v_wish) is distinct from 'array' or v_wish ? c)
    order by r.place);
  if v_category = 'transactional' then
    channels := case when v_wanted = '{}' then v_reaching else v_wanted end;
  elsif v_wish = 'false' or v_wanted = '{}' then
    refusal := format('%s does not want %s%s', recipient, v_category, case when v_wish = 'false' then '' else ' by ' || array_to_string(v_reaching, ', ') end);
    return;
  else
    channels := v_wanted;
  end if;
  digest := case v_known.preferences -> 'digest' ->> v_category
    when 'hourly' then '{"every": "hour"}' when 'daily' then '{"every": "day"}' when 'none' then null else p_compiled -> 'digest' end;
end
$$;
comment on function pgwhen._plan_notification(text, jsonb, jsonb) is 'Whom a notification tells and by which channels, or why not; and the digest that it goes into, null for none.';
