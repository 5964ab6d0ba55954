-- For "did you mean": a name that differs by a third of its letters at most, else one that begins alike. Spelling of
-- words (firstName, first-name) does not count as a difference.
create or replace function pgwhen._nearest(p_name text, p_names text[]) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select c.name
  from (
    select n.name, n.place, length(n.name) as width,
      pgwhen._levenshtein(lower(pgwhen._snake(left(p_name, 40))), lower(pgwhen._snake(left(n.name, 40)))) as distance
    from unnest(p_names) with ordinality as n (name, place)
    where p_name is not null and n.name is not null
      and abs(length(n.name) - length(p_name)) <= greatest(2, length(p_name) / 3)
  ) c
  where c.distance <= greatest(1, least(length(p_name), c.width) / 3)
    and c.distance < least(length(p_name), c.width)
  order by c.distance, c.place
  limit 1
$$;
comment on function pgwhen._nearest(text, text[]) is 'The name most like p_name, or null when none is near.';
