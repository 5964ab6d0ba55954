-- Raises what convert_from raises where the bytes are no UTF-8; the caller says so in its own words.
create or replace function pgwhen._percent_decode(p_text text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when p_text !~ '[%+]' then p_text else convert_from(coalesce((
    select string_agg(case when m.part[1] like '\%__' then decode(substr(m.part[1], 2), 'hex') when m.part[1] = '+' then ' '::bytea
      else convert_to(m.part[1], 'UTF8') end, ''::bytea order by m.n)
    from regexp_matches(p_text, '%[0-9A-Fa-f]{2}|\+|%|[^%+]+', 'g') with ordinality m (part, n)), ''::bytea), 'UTF8') end
$$;
comment on function pgwhen._percent_decode(text) is 'Text of a form or query as it was meant: %41 is A, + is a space.';
