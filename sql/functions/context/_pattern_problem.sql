-- PostgreSQL's regular expressions take time in proportion to the text, with three exceptions: back references, repetitions that
-- multiply (they are written out before matching), and many parts that may be absent. At these bounds the worst that was
-- found takes a tenth of a second.
create or replace function pgwhen._pattern_problem(p_pattern text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_token text;
  v_sizes integer[] := '{}'::integer[];
  v_optionals integer[] := '{}'::integer[];
  v_size numeric := 0;
  v_optional numeric := 0;
  v_last_size numeric := 0;
  v_last_optional numeric := 0;
  v_times integer;
begin
  if length(p_pattern) > 1000 then
    return 'it has more than 1,000 characters';
  elsif p_pattern !~ '[*?{]|\\[0-9]' then
    return null;
  end if;
  for v_token in
    select m[1]
    from regexp_matches(p_pattern, '(\\.|\[\^?\]?(?:\[[:.=][^]]*\]|\\.|[^]\\])*\]|\((?:\?<?[:=!])?|\)|\{[0-9]+(?:,[0-9]*)?\}\??|[*+?]\??|.)', 'g') m
  loop
    if v_token ~ '^\\[1-9]' then
      return 'it refers back to what it matched before';
    elsif v_token in ('(?=', '(?!', '(?<=', '(?<!') and cardinality(regexp_split_to_array(p_pattern, '\(\?<?[=!]')) > 4 then
      return 'it looks ahead or behind more than three times';
    elsif left(v_token, 1) = '(' then
      v_sizes := v_sizes || v_size::integer;
      v_optionals := v_optionals || v_optional::integer;
      v_size := 0;
      v_optional := 0;
    elsif v_token = ')' then
      v_last_size := v_size;
      v_last_optional := v_optional;
      v_size := v_size + coalesce(v_sizes[cardinality(v_sizes)], 0);
      v_optional := v_optional + coalesce(v_optionals[cardinality(v_optionals)], 0);
      v_sizes := trim_array(v_sizes, least(1, cardinality(v_sizes)));
      v_optionals := trim_array(v_optionals, least(1, cardinality(v_optionals)));
    elsif v_token ~ '^\{[0-9]' then
      v_times := left(substring(v_token from '([0-9]+),?\}'), 4)::integer;
      v_times := greatest(v_times, left(substring(v_token from '[0-9]+'), 4)::integer, 1);
      v_size := v_size + v_last_size * (v_times - 1);
      v_optional := v_optional + v_last_optional * (v_times - 1) + case when v_token like '{0%' then v_times else 0 end;
    elsif v_token ~ '^[*?]' then
      v_optional := v_optional + 1;
    elsif v_token !~ '^[+|^$]' then
      v_size := v_size + 1;
      v_last_size := 1;
      v_last_optional := 0;
    end if;
    if v_size > 2000 or v_optional > 200 then
      return 'its repetitions come to more than 2,000 characters or 200 optional parts';
    end if;
  end loop;
  return null;
end
$$;
comment on function pgwhen._pattern_problem(text) is 'Why a regular expression could take too long; null where it cannot.';
