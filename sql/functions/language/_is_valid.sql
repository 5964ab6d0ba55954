-- pg_input_is_valid is not in PostgreSQL 15. Each branch tries one conversion; only what the input itself can cause is caught.
create or replace function pgwhen._is_valid(p_type text, p_text text) returns boolean
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  case p_type
    when 'jsonpath' then perform p_text::jsonpath;
    when 'json' then perform p_text::jsonb;
    when 'regex' then perform '' ~ p_text;
    -- What is no area is read as an offset of POSIX, which people never mean.
    when 'timezone' then
      perform timestamptz '2000-01-01 00:00:00+00' at time zone p_text;
      return p_text = 'UTC' or p_text ~ '^[A-Za-z_]+/[A-Za-z0-9_/+-]+$';
  end case;
  return true;
exception
  when data_exception or syntax_error or program_limit_exceeded or feature_not_supported then
    return false;
end
$$;
comment on function pgwhen._is_valid(text, text) is 'Whether a text is a jsonpath, json, regex (regular expression) or timezone.';
