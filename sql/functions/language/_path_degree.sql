-- Lists that a path compares multiply: the exponent of its time in the size of the data. Of each comparison the sides are
-- multiplied, of what stands between arithmetic, && and || the worst counts; a filter is looked at for each item before it.
create or replace function pgwhen._path_degree(p_path text) returns integer
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_token text;
  -- Of each open parenthesis: item, side, sides before, worst of the conjuncts before, sides with @, and whether it is a filter.
  v_frames integer[] := '{}'::integer[];
  v_item integer := 0;
  v_side integer := 0;
  v_before integer := 0;
  v_worst integer := 0;
  v_items integer := 0;
  v_here integer := 0;
  v_is_filter integer := 0;
  v_inner integer;
begin
  for v_token in
    select m[1]
    from regexp_matches('(' || regexp_replace(p_path::jsonpath::text, '"(?:[^"\\]|\\.)*"', '""', 'g') || ')',
      '(\?\s*\(|\(|\)|&&|\|\||[=!<>]=|<>|[<>]|starts with|\$|@)', 'g') m
  loop
    if v_token = '(' or left(v_token, 1) = '?' then
      v_frames := v_frames || array[v_item, v_side, v_before, v_worst, v_items, v_here, v_is_filter];
      v_is_filter := case when left(v_token, 1) = '?' then 1 else 0 end;
      v_item := 0; v_side := 0; v_before := 0; v_worst := 0; v_items := 0; v_here := 0;
    elsif v_token in ('&&', '||', ')') then
      v_worst := greatest(v_worst, v_before + greatest(v_side, v_item) + greatest(v_items + v_here - 1, 0));
      v_item := 0; v_side := 0; v_before := 0; v_items := 0; v_here := 0;
      if v_token = ')' then
        v_inner := v_worst;
        v_worst := v_frames[cardinality(v_frames) - 3];
        v_before := v_frames[cardinality(v_frames) - 4];
        v_side := v_frames[cardinality(v_frames) - 5];
        v_item := v_frames[cardinality(v_frames) - 6] + v_inner;
        v_items := v_frames[cardinality(v_frames) - 2];
        v_here := v_frames[cardinality(v_frames) - 1];
        if v_is_filter = 0 then
          v_side := greatest(v_side, v_item - v_inner);
          v_item := v_inner;
        end if;
        v_is_filter := v_frames[cardinality(v_frames)];
        v_frames := trim_array(v_frames, 7);
      end if;
    elsif v_token = '$' then
      v_side := greatest(v_side, v_item);
      v_item := 1;
    elsif v_token = '@' then
      v_side := greatest(v_side, v_item);
      v_item := 0;
      v_here := 1;
    else
      v_before := v_before + greatest(v_side, v_item);
      v_items := v_items + v_here;
      v_item := 0; v_side := 0; v_here := 0;
    end if;
  end loop;
  return greatest(v_worst, v_side, v_item);
end
$$;
comment on function pgwhen._path_degree(text) is 'The power of the size of the data with which the time of a SQL/JSON path grows.';
