-- Null removes. rate and concurrency are settings that every connection has; the database keeps to them itself, so they are columns.
create or replace function pgwhen._change_connection(p_connection pgwhen.connections, p_settings jsonb, p_secrets jsonb) returns pgwhen.connections
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name text;
  v_value jsonb;
  v_changed pgwhen.connections := p_connection;
begin
  if jsonb_typeof(coalesce(p_settings, '{}')) <> 'object' or jsonb_typeof(coalesce(p_secrets, '{}')) <> 'object' then
    raise exception using errcode = 'WF402', message = 'settings and secrets are objects of names and texts', hint = 'Such as {"from": "shop@example.com"}.';
  end if;
  for v_name, v_value in select * from jsonb_each(coalesce(p_settings, '{}')) loop
    if jsonb_typeof(v_value) not in ('string', 'number', 'boolean', 'null') then
      raise exception using errcode = 'WF402', message = format('the setting %s is no text', left(v_name, 60)), hint = 'Settings are texts and numbers.';
    elsif v_name = 'rate' then
      v_changed.rate_limit := null;
      v_changed.rate_seconds := null;
      if v_value <> 'null' then
        select r.rate_limit, r.rate_seconds into v_changed.rate_limit, v_changed.rate_seconds from pgwhen._read_rate(v_value #>> '{}') r;
      end if;
    elsif v_name = 'concurrency' then
      if v_value <> 'null' and v_value #>> '{}' !~ '^[1-9]\d{0,4}$' then
        raise exception using errcode = 'WF402', message = format('%s is not a number of messages', left(v_value::text, 60)),
          hint = 'concurrency is a whole number from 1.';
      end if;
      v_changed.concurrency := (v_value #>> '{}')::integer;
    elsif v_value = 'null' then
      v_changed.settings := v_changed.settings - v_name;
    else
      perform pgwhen._check_setting(v_name, v_value #>> '{}');
      v_changed.settings := v_changed.settings || jsonb_build_object(v_name, v_value #>> '{}');
    end if;
  end loop;
  for v_name, v_value in select * from jsonb_each(coalesce(p_secrets, '{}')) loop
    if v_value = 'null' then
      v_changed.secrets := v_changed.secrets - v_name;
    else
      perform pgwhen._check_reference(v_name, case when jsonb_typeof(v_value) = 'string' then v_value #>> '{}' else '' end);
      v_changed.secrets := v_changed.secrets || jsonb_build_object(v_name, v_value);
    end if;
  end loop;
  return v_changed;
end
$$;
comment on function pgwhen._change_connection(pgwhen.connections, jsonb, jsonb) is 'The connection with settings and references changed, nothing stored. Raises WF402, WF403, WF404.';
