-- item is that of the innermost loop; under its own name the item of each loop around is seen, and as tells the engine which.
create or replace function pgwhen._loop_scope(p_loops jsonb, p_body text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_id text := p_body;
  v_loop jsonb;
  v_items jsonb := '{}'::jsonb;
  v_names jsonb := '{}'::jsonb;
begin
  while p_loops ? v_id and not v_names ? v_id loop
    v_loop := p_loops -> v_id;
    if v_id = p_body then
      v_items := jsonb_build_object('item', v_loop || jsonb_build_object('shared', v_loop -> 'item_shared'));
    end if;
    if v_loop ->> 'as' is not null and not v_items ? (v_loop ->> 'as') then
      v_items := v_items || jsonb_build_object(v_loop ->> 'as', v_loop || jsonb_build_object('shared', v_loop -> 'as_shared'));
    end if;
    v_names := v_names || jsonb_build_object(v_id, v_loop -> 'as');
    v_id := v_loop ->> 'body';
  end loop;
  return case when v_items = '{}' then '{}'::jsonb else jsonb_build_object('items', v_items, 'item_names', jsonb_strip_nulls(v_names)) end;
end
$$;
comment on function pgwhen._loop_scope(jsonb, text) is 'What a step in the body of a loop sees besides the rest: items by name, and which loop each name belongs to.';
