-- The only way to know whether a regular expression is one is to use it, so this operator alone pays for an exception
-- block. Limits keep what a definition or a row can hold from taking minutes; what looks ahead may look at the rest of the
-- text from every place of it. The pattern itself is bounded where it comes from (_pattern_problem).
create or replace function pgwhen._matches(p_text text, p_pattern text) returns boolean
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if length(p_pattern) > 1000 or length(p_text) > 100000
    or (length(p_text) > 5000 and strpos(p_pattern, '(?') > 0 and p_pattern ~ '\(\?<?[=!]') then
    return null;
  end if;
  return p_text ~ p_pattern;
exception
  when invalid_regular_expression then
    return null;
end
$$;
comment on function pgwhen._matches(text, text) is 'Whether a text matches a PostgreSQL regular expression; null (unknown) if that is none, or either is too long.';
