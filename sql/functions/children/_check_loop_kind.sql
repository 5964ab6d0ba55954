create or replace function pgwhen._check_loop_kind(p_kind text, p_value jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is constant text := jsonb_typeof(p_value);
  v_number constant numeric := case when v_is = 'number' and p_value #>> '{}' ~ '^\d{1,9}$' then p_value::numeric end;
  v_wanted text;
begin
  case p_kind
    when 'over' then
      if v_is = 'object' and not pgwhen._is_form(p_value) then
        return pgwhen._check_object('{over}', p_value, p_path, 'over');
      end if;
      v_wanted := case when v_is in ('number', 'boolean') or v_is = 'string' and p_value #>> '{}' not like '%{{%'
        then 'a list, a value that gives one, or {table, where, order}' end;
    when 'at_once' then
      v_wanted := case when coalesce(v_number, 0) not between 1 and 1000 then 'a whole number from 1 to 1000' end;
    when 'iterations' then
      v_wanted := case when coalesce(v_number, 0) not between 1 and 1000000 then 'a whole number from 1 to 1000000' end;
    else
      v_wanted := case
        when p_value in ('"fail"', '"continue"') then null
        when v_is = 'object' and p_value - 'max' = '{}' and jsonb_typeof(p_value -> 'max') = 'number' and p_value ->> 'max' ~ '^\d{1,9}$' then null
        else 'fail, continue or {max: n}' end;
  end case;
  return case when v_wanted is null then '[]'::jsonb
    else pgwhen._problem('WF002', p_path, format('%s is not %s', pgwhen._quote(p_value), v_wanted)) end;
end
$$;
comment on function pgwhen._check_loop_kind(text, jsonb, text) is 'Problems with a value of a key of loops.';
