-- A literal as the type that it is compared or used as; "now + 2 hours" where a time is meant.
create or replace function pgwhen._compile_literal(p_value jsonb, p_scope jsonb, p_place text, p_type text,
  p_column jsonb default null) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
set intervalstyle = 'postgres'
as $$
declare
  v_text constant text := case when jsonb_typeof(p_value) in ('string', 'number') then p_value #>> '{}' end;
  v_kind constant text := jsonb_typeof(p_value);
  v_value jsonb := p_value;
  v_shift text;
  v_instant timestamptz;
  v_hint text;
begin
  if v_kind = 'null' then
    return pgwhen._result('{"literal": null}');
  end if;
  case p_type
    when 'text', 'bpchar' then
      if v_kind = 'number' then
        v_value := to_jsonb(v_text);
      elsif v_kind <> 'string' then
        v_hint := case v_kind when 'boolean' then format('write it in quotes: "%s"', p_value #>> '{}') when 'array'
          then 'for one of a list use in' end;
        v_value := null;
      elsif jsonb_typeof(p_column -> 'labels') = 'array' and not p_column -> 'labels' ? v_text then
        return pgwhen._result(null,
          pgwhen._problem('WF021', p_place, format('%s is not a value of %s', pgwhen._quote(p_value), p_column ->> 'sql_type'),
          coalesce('did you mean ' || pgwhen._nearest(v_text,
            array(select jsonb_array_elements_text(p_column -> 'labels'))) || '?',
            'it has ' || (select string_agg(l, ', ') from jsonb_array_elements_text(p_column -> 'labels') l))));
      end if;
    when 'numeric' then
      v_value := case when v_kind in ('number', 'string') then to_jsonb(pgwhen._as_numeric(p_value)) end;
    when 'boolean' then
      v_value := to_jsonb(pgwhen._as_boolean(p_value));
    when 'timestamptz', 'timestamp', 'date' then
      if v_kind = 'string' and v_text ~* '^\s*now\s*([-+].*)?$' then
        v_shift := regexp_replace(lower(trim(v_text)), '^now\s*([-+]?)\s*', '\1');
        if v_shift = '' then
          return pgwhen._result('{"now": ""}');
        elsif pgwhen._as_interval(substr(v_shift, 2)) is not null then
          return pgwhen._result(jsonb_build_object('now',
            (pgwhen._as_interval(substr(v_shift, 2)) * case left(v_shift, 1) when '-' then -1 else 1 end)::text));
        end if;
        return pgwhen._result(null,
          pgwhen._problem('WF011', p_place, format('%s is not a time', pgwhen._quote(p_value)),
            'write it like now + 2 hours or now - 3 days'));
      end if;
      v_instant := case when p_type = 'timestamptz' then pgwhen._instant(p_value, p_scope ->> 'timezone')
        else pgwhen._as_instant(p_value) end;
      v_value := case when v_instant is null then null when p_type = 'timestamptz' then pgwhen._iso(v_instant) else p_value end;
      v_hint := 'write it like 2026-01-31, 2026-01-31T09:00:00+01:00 or now + 2 hours';
    when 'time' then
      v_value := case when pgwhen._as_time(p_value) is not null then p_value end;
      v_hint := 'write it like 09:00';
    when 'interval' then
      v_value := case when v_kind = 'string' and pgwhen._as_interval(v_text) is not null then p_value end;
      v_hint := 'write it like 30 seconds, 3 days, 1 hour 30 minutes, 30s or 3d';
    when 'uuid' then
      v_value := to_jsonb(pgwhen._as_uuid(p_value));
    else
      null;
  end case;
  if v_value is null then
    return pgwhen._result(null, pgwhen._problem(case p_type when 'interval' then 'WF011' else 'WF021' end, p_place,
      format('%s is not %s%s', pgwhen._quote(p_value), pgwhen._kind_name(p_type), case when p_column ? 'name'
        then format(', and %s is %s', p_column ->> 'name', p_column ->> 'sql_type') else '' end), v_hint));
  end if;
  return pgwhen._result(jsonb_build_object('literal', v_value));
end
$$;
comment on function pgwhen._compile_literal(jsonb, jsonb, text, text, jsonb) is 'Typed form of a literal.';
