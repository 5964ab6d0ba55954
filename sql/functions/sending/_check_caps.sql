-- The setting is written by hand, and what it does not mean would cap nothing: a channel or a category that no message has, a key that
-- nobody reads. The constraint of the table says the same of its form, without a word of what to write.
create or replace function pgwhen._check_caps(p_caps jsonb) returns void
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_channels constant text[] := array['email', 'sms', 'push', 'chat'];
  c_keys constant text[] := array['limit', 'per', 'categories'];
  c_example constant text := 'Write it like {"sms": {"limit": 3, "per": "1 day", "categories": ["marketing"]}}.';
  v_channel text;
  v_cap jsonb;
  v_problem text;
  v_hint text;
begin
  if jsonb_typeof(p_caps) is distinct from 'object' then
    raise exception using errcode = 'WF178', message = format('recipient_caps is %s, not an object of channels', pgwhen._quote(p_caps)), hint = c_example;
  end if;
  for v_channel, v_cap in select c.key, c.value from jsonb_each(p_caps) c loop
    if v_channel <> all (c_channels) then
      raise exception using errcode = 'WF178', message = format('recipient_caps: %s is not a channel with recipients', pgwhen._quote(to_jsonb(v_channel))),
        hint = 'Channels are email, sms, push and chat.';
    elsif jsonb_typeof(v_cap) <> 'object' then
      raise exception using errcode = 'WF178', message = format('recipient_caps: %s of %s is not an object', pgwhen._quote(v_cap), v_channel), hint = c_example;
    end if;
    v_hint := 'A cap has limit, per and categories.';
    select format('a cap has no key %s', pgwhen._quote(to_jsonb(min(k)))) into v_problem from jsonb_object_keys(v_cap) k where k <> all (c_keys) having count(*) > 0;
    if v_problem is null then
      v_hint := c_example;
      v_problem := case
        when not v_cap @? '$.limit ? (@.type() == "number" && @ >= 1 && @ <= 1000000 && @.floor() == @)'
          then format('limit is %s, not a whole number from 1 to 1000000', pgwhen._quote(coalesce(v_cap -> 'limit', 'null')))
        when not v_cap @? '$.per ? (@.type() == "string" && @ like_regex "^[1-9][0-9]{0,3} (second|minute|hour|day|week)s?$")'
          then format('per is %s, not a number of seconds, minutes, hours, days or weeks', pgwhen._quote(coalesce(v_cap -> 'per', 'null')))
        when v_cap ? 'categories' and (jsonb_typeof(v_cap -> 'categories') <> 'array'
          or v_cap @? 'strict $.categories[*] ? (@.type() != "string" || !(@ like_regex "^[a-z][a-z0-9_]{0,39}$"))')
          then format('categories is %s, not a list of categories', pgwhen._quote(v_cap -> 'categories'))
        end;
    end if;
    if v_problem is not null then
      raise exception using errcode = 'WF178', message = format('recipient_caps: %s: %s', v_channel, v_problem), hint = v_hint;
    end if;
  end loop;
end
$$;
comment on function pgwhen._check_caps(jsonb) is 'Refuses a value of the setting recipient_caps that names no channel with recipients, or a cap that cannot be read: WF178.';
