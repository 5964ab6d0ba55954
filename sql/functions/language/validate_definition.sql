-- For the command line, SQL and user interfaces alike: every problem at once, never an exception (but for a tenant that is not the caller's). Paths are those of the
-- document as it was given, as far as it was given in the language's own form.
create or replace function pgwhen.validate_definition(p_definition jsonb, p_tenant text default null)
returns table (severity text, code text, path text, message text, hint text)
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return query
    select p.severity, p.code, p.path, p.message, p.hint
    from jsonb_to_recordset(pgwhen._examine(p_definition, pgwhen._own_tenant(p_tenant)) -> 'problems') as p (severity text,
      code text, path text, message text, hint text)
    order by p.severity, p.path, p.code, p.message;
end
$$;
comment on function pgwhen.validate_definition(jsonb, text) is 'Errors and warnings of a definition, each with its place, what is wrong and what to do.';
