-- No value, no items. Anything but a list is a mistake that would otherwise do one item, or one for each key of an object.
create or replace function pgwhen._loop_list(p_value jsonb) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_value is null or p_value = 'null' then
    return '[]'::jsonb;
  elsif jsonb_typeof(p_value) <> 'array' then
    raise exception using errcode = 'WF240', message = format('over is %s, not a list', pgwhen._quote(p_value)),
      hint = case when p_value ? 'rows' then 'The rows of a query are under rows: steps.<id>.output.rows.'
        else 'Give a list, or make one in a transform step: [{{ path }}].' end;
  end if;
  return p_value;
end
$$;
comment on function pgwhen._loop_list(jsonb) is 'Items of a loop over a value; raises WF240 where it is no list.';
