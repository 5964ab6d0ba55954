-- The reference is in no message: people who write a secret here by mistake should not find it in a log too.
create or replace function pgwhen._check_reference(p_name text, p_reference text) returns void
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_name !~ '^[a-z][a-z0-9_]{0,39}$' then
    raise exception using errcode = 'WF404', message = format('%s is not the name of a secret', left(quote_literal(p_name), 60)),
      hint = 'pgwhen connections providers lists the secrets of each provider.';
  end if;
  if p_reference !~ '^env:[A-Za-z_][A-Za-z0-9_]{0,99}$' and (p_reference !~ '^file:(/|[A-Za-z]:[\\/])[^[:cntrl:]]+$' or length(p_reference) > 500) then
    raise exception using errcode = 'WF404', message = format('what is given for the secret %s does not say where it is', p_name),
      hint = 'Give env:VARIABLE, or file:/PATH from the root, as the pollers see it. A value has no place here: consider it known if you gave one.';
  end if;
end
$$;
comment on function pgwhen._check_reference(text, text) is 'Refuses what is no reference of a secret. Raises WF404.';
