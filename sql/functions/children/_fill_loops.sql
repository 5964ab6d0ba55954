-- Reads ahead, a page at a time, so that a table of any size costs no more than its next items. The last row read is where the next page
-- begins: rows that come in behind it are met, those before it are not.
create or replace function pgwhen._fill_loops(p_steps pgwhen.step_ref[]) returns void
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_row record;
  v_size integer;
  v_page jsonb;
  v_count integer;
begin
  for v_row in
    select l.*, t.compiled -> 'table' as spec, b.buffered, l.made_count + b.buffered as next_index
    from unnest(p_steps) r
    cross join lateral (select * from pgwhen.loops l where l.execution_id = r.execution_id and l.step_id = r.step_id offset 0) l
    join pgwhen.executions x on x.execution_id = l.execution_id
    join pgwhen.steps t on t.workflow_id = x.workflow_id and t.version = x.version and t.step_id = l.step_id
    cross join lateral (
      select count(*)::integer as buffered from pgwhen.loop_items i
      where i.execution_id = l.execution_id and i.step_id = l.step_id and i.item_index >= l.made_count) b
    where l.source = 'table' and not l.is_read and b.buffered < l.at_once
  loop
    v_size := least(greatest(500, v_row.at_once), v_row.item_limit - v_row.next_index);
    v_page := pgwhen._read_page(v_row.spec, (
      select c.context from pgwhen._build_contexts(array[(v_row.execution_id, v_row.step_id)::pgwhen.step_ref], 'engine') c), v_row.item, v_size);
    v_count := jsonb_array_length(v_page -> 'rows');
    insert into pgwhen.loop_items (execution_id, item_index, step_id, item)
    select v_row.execution_id, v_row.next_index + i.n - 1, v_row.step_id, i.item
    from jsonb_array_elements(v_page -> 'rows') with ordinality i (item, n);
    update pgwhen.loops l
    set item = coalesce(v_page -> 'rows' -> (v_count - 1), l.item),
      is_read = v_page -> 'more' = 'false' or coalesce(v_row.next_index + v_count >= v_row.item_limit, false),
      note = case when v_page -> 'more' = 'true' and v_row.next_index + v_count >= v_row.item_limit
        then format('stopped at max, after %s rows', v_row.item_limit) end
    where l.execution_id = v_row.execution_id and l.step_id = v_row.step_id;
  end loop;
end
$$;
comment on function pgwhen._fill_loops(pgwhen.step_ref[]) is 'Reads the next rows of loops over tables.';
