-- For an error that PostgreSQL raised while a step ran: rights may have been revoked since it was published.
create or replace function pgwhen._missing_grants(p_type text, p_spec jsonb, p_tenant text) returns text
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_type = 'call' then (
      select string_agg(p.value ->> 'hint', '; ')
      from pgwhen._registered_function(p_spec ->> 'function', p_tenant) f
      cross join lateral jsonb_array_elements(pgwhen._check_callable(f.function, '')) p)
    else (
      select nullif(array_to_string(pgwhen._needed_grants(p_type, p_spec, pgwhen._relation_named(n.name[1], n.name[2])), '; '), '')
      from (select parse_ident(p_spec ->> 'table') as name) n) end
$$;
comment on function pgwhen._missing_grants(text, jsonb, text) is 'GRANTs that a database step lacks now, as one line; null where none is known.';
