-- A version's nodes stand in the order of their dependencies; walked backwards, what a needed node is read from is needed
-- too. A node's level is the number of reads before it: all nodes of a level are read at once.
create or replace function pgwhen._needed_nodes(p_nodes jsonb, p_paths jsonb) returns jsonb
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  -- A path begins with another if its JSON text does, up to a comma or the end: no query is needed to see that.
  v_paths text := p_paths::text;
  v_needed text[] := '{}'::text[];
  v_levels jsonb := '{}'::jsonb;
  v_result jsonb := '[]'::jsonb;
  v_node jsonb;
  v_path text;
  v_level integer;
begin
  if p_nodes is null or jsonb_typeof(p_nodes) <> 'array' or p_paths = '[]' then
    return '[]'::jsonb;
  end if;
  for v_index in reverse jsonb_array_length(p_nodes) - 1 .. 0 loop
    v_node := p_nodes -> v_index;
    v_path := left(v_node ->> 'path', -1);
    if v_path = any (v_needed) or strpos(v_paths, v_path || ',') > 0 or strpos(v_paths, v_path || ']') > 0 then
      v_needed := v_needed || array[v_path, left(coalesce(v_node ->> 'from', v_node ->> 'of'), -1)];
    end if;
  end loop;
  for v_index in 0 .. jsonb_array_length(p_nodes) - 1 loop
    v_node := p_nodes -> v_index;
    v_path := left(v_node ->> 'path', -1);
    if v_path = any (v_needed) then
      v_level := case v_node ->> 'kind'
        when 'record' then 0
        when 'alias' then (v_levels ->> left(v_node ->> 'of', -1))::integer
        else (v_levels ->> left(v_node ->> 'from', -1))::integer + 1
      end;
      v_levels := v_levels || jsonb_build_object(v_path, coalesce(v_level, 0));
      v_result := v_result || jsonb_build_array(v_node || jsonb_build_object('level', coalesce(v_level, 0)));
    end if;
  end loop;
  return v_result;
end
$$;
comment on function pgwhen._needed_nodes(jsonb, jsonb) is 'The nodes of a version''s reads that the paths of a step ask for, with the level at which each is read.';
