-- "Job Completed" -> job_completed, "step-1" -> step_1, "Tâche 2" -> tache_2. What has no Latin letter keeps an identity by its hash.
create or replace function pgwhen._identifier(p_name text, p_prefix text) returns text
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name text := p_name;
begin
  if v_name ~ '^[a-z][a-z0-9_]{0,39}$' then
    return v_name;
  end if;
  v_name := left(v_name, 1000);
  if getdatabaseencoding() = 'UTF8' then
    v_name := regexp_replace(normalize(v_name, NFD), U&'[\0300-\036F]', '', 'g');
  end if;
  v_name := trim(both '_' from regexp_replace(lower(pgwhen._snake(v_name)), '[^a-z0-9]+', '_', 'g'));
  if v_name = '' then
    v_name := left(md5(p_name), 8);
  end if;
  if v_name !~ '^[a-z]' or p_name !~ '[[:alpha:]]' then
    v_name := p_prefix || '_' || v_name;
  end if;
  return rtrim(left(v_name, 40), '_');
end
$$;
comment on function pgwhen._identifier(text, text) is 'The identifier that a name becomes; p_prefix goes before what does not start with a letter.';
