-- The database is dumped, copied and looked at by many; what opens an account must not be in it. The value is in no message: it may
-- be what should not have been written here. What Twilio calls the SID of an API key is its name, not its secret.
create or replace function pgwhen._check_setting(p_name text, p_value text) returns void
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_name !~ '^[a-z][a-z0-9_]{0,39}$' then
    raise exception using errcode = 'WF402', message = format('%s is not the name of a setting', left(quote_literal(p_name), 60)),
      hint = 'A name has up to 40 of a-z, 0-9 and _, the first of them a letter; pgwhen connections providers lists those of each provider.';
  end if;
  if p_name ~ '(^|_)(pass|password|passwd|passphrase|token|secret|key|keys|credential|credentials|private)(_|$)' and p_name !~ '_(url|uri|id|sid|name)$'
    and not (p_name = 'api_key' and p_value ~* '^SK[0-9a-f]{32}$') then
    raise exception using errcode = 'WF403', message = format('the setting %s is named like a secret, which the database does not keep', p_name),
      hint = format('Put it where the pollers run, and say where: --secret %s=env:VARIABLE or --secret %1$s=file:/PATH.', p_name);
  end if;
  if p_value ~ '://[^/?#@]*:[^/?#@]*@' or p_value ~* 'hooks\.slack\.com/services/.'
    or p_value ~ '-----BEGIN |^(re_\w{12,}|SG\.[\w-]{12,}|xox[a-z]-|whsec_|KEY[0-9A-F]{16,}|key-[0-9a-f]{20,})' then
    raise exception using errcode = 'WF403', message = format('the value of the setting %s looks like a secret, which the database does not keep', p_name),
      hint = 'Put it where the pollers run, and say where: --secret NAME=env:VARIABLE or --secret NAME=file:/PATH. Consider it known by now.';
  end if;
  if p_value = '' or length(p_value) > 1000 or p_value ~ '[[:cntrl:]]' then
    raise exception using errcode = 'WF402', message = format('the setting %s is empty, longer than 1,000 characters, or of more than one line', p_name),
      hint = 'Null removes a setting; on the command line: --set NAME=';
  end if;
end
$$;
comment on function pgwhen._check_setting(text, text) is 'Refuses a setting of a connection that has no such name, no such value, or should be a secret. Raises WF402, WF403.';
