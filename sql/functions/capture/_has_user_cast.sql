-- to_jsonb converts a value by the cast to json that its type has. Whoever owns a type can make one, with a function of his,
-- and capture would call it with the rights of pgwhen_owner. Superusers' casts are trusted (hstore has one).
create or replace function pgwhen._has_user_cast(p_table oid) returns boolean
language sql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  with recursive used as (
    select a.atttypid as type
    from pg_attribute a
    where a.attrelid = p_table and a.attnum > 0 and not a.attisdropped
    union
    select n.type
    from used u
    join pg_type t on t.oid = u.type
    left join pg_attribute a on t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    cross join lateral (values (t.typbasetype), (t.typelem), (a.atttypid)) as n (type)
    where n.type <> 0
  )
  select exists (
    select from used u
    join pg_cast c on c.castsource = u.type and c.casttarget = 'json'::regtype
    join pg_proc p on p.oid = c.castfunc
    join pg_roles r on r.oid = p.proowner
    where not r.rolsuper)
$$;
comment on function pgwhen._has_user_cast(oid) is 'Whether converting a row of the table to JSON calls a function of somebody who is no superuser.';
