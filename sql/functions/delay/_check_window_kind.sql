create or replace function pgwhen._check_window_kind(p_kind text, p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is constant text := jsonb_typeof(p_value);
  v_problems jsonb := '[]'::jsonb;
  v_wanted text;
  v_wrong jsonb;
begin
  case p_kind
    when 'window' then
      v_problems := pgwhen._check_object('{window}', p_value, p_path, 'a window');
      if p_value = '{}' then
        v_problems := pgwhen._problem('WF005', p_path, 'a window has days, from and to, or holidays');
      elsif v_problems = '[]' and coalesce(p_value ->> 'from', '00:00')::time = coalesce(p_value ->> 'to', '24:00')::time then
        v_problems := pgwhen._problem('WF090', p_path, 'the window never opens: from and to are the same', 'for whole days leave both out');
      end if;
      return v_problems;
    when 'time_of_day' then
      v_wanted := case when pgwhen._as_time(p_value) is null then 'a time of day, like 09:00' end;
    when 'weekdays' then
      v_wanted := case when v_is <> 'array' or p_value = '[]' then 'a list of days: mon, tue, wed, thu, fri, sat, sun' end;
      if v_wanted is null then
        select coalesce(jsonb_agg(p.value), '[]') into v_problems
        from jsonb_array_elements(p_value) with ordinality d
        cross join lateral jsonb_array_elements(pgwhen._check_kind('enum:mon|tue|wed|thu|fri|sat|sun', d.value, format('%s[%s]', p_path, d.ordinality - 1))) p;
      end if;
    when 'holidays' then
      if v_is = 'object' then
        return pgwhen._check_object('{holidays}', p_value, p_path, 'holidays');
      end if;
      v_wanted := case when v_is <> 'array' then 'a list of dates, or {table, column, where}' end;
      if v_wanted is null then
        v_wrong := jsonb_path_query_first(p_value, '$[*] ? (!(@.type() == "string" && @ like_regex "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))');
        if v_wrong is null then
          v_wrong := (select d.value from jsonb_array_elements(p_value) d where pgwhen._as_instant(d.value) is null limit 1);
        end if;
        if v_wrong is not null then
          return pgwhen._problem('WF011', p_path, format('%s is not a date', pgwhen._quote(v_wrong)), 'write it like 2026-12-25');
        end if;
      end if;
  end case;
  if v_wanted is not null then
    return pgwhen._problem('WF002', p_path, format('%s is not %s', pgwhen._quote(p_value), v_wanted));
  end if;
  return v_problems;
end
$$;
comment on function pgwhen._check_window_kind(text, jsonb, text) is 'Problems with a window of a delay, or with a key of it.';
