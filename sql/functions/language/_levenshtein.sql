-- contrib's fuzzystrmatch is not everywhere. Rows of the matrix as they are needed; two letters that changed places count as
-- one mistake. Only called with short names.
create or replace function pgwhen._levenshtein(p_a text, p_b text) returns integer
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_above integer[] := array(select generate_series(0, length(p_b)));
  v_row integer[];
  v_before integer[];
  v_width constant integer := length(p_b);
begin
  for i in 1..length(p_a) loop
    v_row := array[i];
    for j in 1..v_width loop
      v_row[j + 1] := least(v_above[j + 1] + 1, v_row[j] + 1,
        v_above[j] + case when substr(p_a, i, 1) = substr(p_b, j, 1) then 0 else 1 end,
        case when i > 1 and j > 1 and substr(p_a, i, 1) = substr(p_b, j - 1, 1) and substr(p_a, i - 1, 1) = substr(p_b, j, 1)
          then v_before[j - 1] + 1 end);
    end loop;
    v_before := v_above;
    v_above := v_row;
  end loop;
  return v_above[v_width + 1];
end
$$;
comment on function pgwhen._levenshtein(text, text) is 'How many letters have to change to make one name of the other.';
