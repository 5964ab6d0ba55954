-- The text is not repeated in the error: it may be the secret itself.
create or replace function pgwhen._check_secret_reference(p_reference text) returns void
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_reference is null or length(p_reference) > 500 or p_reference !~ '^(env:[A-Za-z_][A-Za-z0-9_]*|file:/[^[:cntrl:]]+)$' then
    raise exception using errcode = 'WF432', message = 'what was given is not a reference to a secret',
      detail = 'Secrets are never stored here, only where pollers find them.',
      hint = 'Write env:VARIABLE or file:/absolute/path.';
  end if;
end
$$;
comment on function pgwhen._check_secret_reference(text) is 'Refuses what is not env:VARIABLE or file:/path.';
