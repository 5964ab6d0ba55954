-- Names of records: leads -> lead, form_submissions -> form_submission, companies -> company. Rules for the plurals that tables
-- have, and the few irregular words; whoever wants another name gives attach one.
create or replace function pgwhen._singular(p_name text) returns text
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with snake as (
    select pgwhen._snake(p_name) as name
  ), irregular as (
    select substring(s.name from '^(.*_)?[^_]+$') as head, w.singular
    from snake s
    join (values
      ('people', 'person'), ('persons', 'person'), ('children', 'child'), ('men', 'man'), ('women', 'woman'), ('movies', 'movie'),
      ('cookies', 'cookie'), ('shoes', 'shoe'), ('series', 'series'), ('species', 'species'), ('news', 'news'),
        ('indices', 'index'),
      ('matrices', 'matrix'), ('vertices', 'vertex'), ('analyses', 'analysis'), ('crises', 'crisis'), ('mice', 'mouse'),
        ('feet', 'foot'),
      ('lenses', 'lens'), ('buses', 'bus'), ('gases', 'gas'), ('aliases', 'alias'), ('canvases', 'canvas'), ('halves', 'half'),
        ('shelves', 'shelf')
    ) as w (plural, singular) on w.plural = substring(s.name from '[^_]+$')
  )
  select coalesce(
    (select coalesce(i.head, '') || i.singular from irregular i),
    case
      when s.name ~ '[^aeiou]ies$' then regexp_replace(s.name, 'ies$', 'y')
      when s.name ~ '(ss|x|ch|sh|zz|[nrpt]us|o)es$' then regexp_replace(s.name, 'es$', '')
      when s.name ~ '[^sui]s$' or s.name ~ '(ies|ous?es|ues)$' then regexp_replace(s.name, 's$', '')
      else s.name
    end)
  from snake s
$$;
comment on function pgwhen._singular(text) is 'What one row of a table is called.';
