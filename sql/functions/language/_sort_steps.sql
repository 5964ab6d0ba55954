-- Positions such that every edge goes upwards, in the order of the text where edges leave a choice. Passes over what is not
-- placed yet; a tree takes one pass. What is never placed is in a cycle, which comes back by name.
create or replace function pgwhen._sort_steps(p_ids text[], p_sources text[], p_targets text[], out ids text[], out cycle text[])
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_index jsonb := (select jsonb_object_agg(i.id, i.n) from unnest(p_ids) with ordinality i (id, n));
  v_waiting integer[] := array_fill(0, array[cardinality(p_ids)]);
  v_next jsonb := (select coalesce(jsonb_object_agg(e.source, e.targets), '{}') from (
    select s.source, jsonb_agg(distinct p_targets[s.n]) as targets
      from unnest(p_sources) with ordinality s (source, n) group by s.source) e);
  v_placed boolean[] := array_fill(false, array[cardinality(p_ids)]);
  v_target text;
  v_before integer := -1;
  v_at text;
begin
  ids := '{}';
  for v_target in select t.value from jsonb_each(v_next) n cross join lateral jsonb_array_elements_text(n.value) t loop
    v_waiting[(v_index ->> v_target)::integer] := v_waiting[(v_index ->> v_target)::integer] + 1;
  end loop;
  while cardinality(ids) > v_before loop
    v_before := cardinality(ids);
    for i in 1 .. cardinality(p_ids) loop
      if not v_placed[i] and v_waiting[i] = 0 then
        v_placed[i] := true;
        ids := ids || p_ids[i];
        for v_target in select * from jsonb_array_elements_text(v_next -> p_ids[i]) loop
          v_waiting[(v_index ->> v_target)::integer] := v_waiting[(v_index ->> v_target)::integer] - 1;
        end loop;
      end if;
    end loop;
  end loop;
  if cardinality(ids) < cardinality(p_ids) then
    -- Backwards from any of them, one always comes to a step that was seen.
    v_at := p_ids[array_position(v_placed, false)];
    cycle := '{}';
    while v_at <> all (cycle) loop
      cycle := v_at || cycle;
      v_at := (select s.source from unnest(p_sources) with ordinality s (source, n)
        where p_targets[s.n] = v_at and not v_placed[(v_index ->> s.source)::integer] order by s.n limit 1);
    end loop;
    cycle := cycle[1 : array_position(cycle, v_at)];
    cycle := v_at || cycle;
  end if;
end
$$;
comment on function pgwhen._sort_steps(text[], text[], text[]) is 'Topological order of steps, or the cycle that there is.';
