-- Looked at in the text as it is written: PostgreSQL compiles regular expressions when it reads a path.
create or replace function pgwhen._path_patterns(p_path text, p_place text) returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_pattern text;
  v_problem text;
begin
  for v_pattern in select m[1] from regexp_matches(p_path, 'like_regex\s*"((?:[^"\\]|\\.)*)"', 'g') m loop
    v_problem := pgwhen._pattern_problem(regexp_replace(v_pattern, '\\([\\"/])', '\1', 'g'));
    if v_problem is not null then
      return pgwhen._problem('WF073', p_place, format('the regular expression %s could take too long: %s', pgwhen._quote(to_jsonb(v_pattern)), v_problem),
        'write a shorter one, without repetitions in repetitions');
    end if;
  end loop;
  return '[]'::jsonb;
end
$$;
comment on function pgwhen._path_patterns(text, text) is 'Problems with the regular expressions of a SQL/JSON path.';
