-- Keys of an object against the list of the language: unknown ones with the nearest name, later ones by name, missing ones, and
-- the kind of each value. p_scopes are the scopes whose keys may stand together (step and a type).
create or replace function pgwhen._check_object(p_scopes text[], p_object jsonb, p_path text, p_what text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := '[]'::jsonb;
  v_keys constant jsonb := pgwhen._keys(p_scopes);
  v_row record;
  v_prefix constant text := case when p_path = '' then '' else p_path || '.' end;
  v_names text[];
begin
  if jsonb_typeof(p_object) is distinct from 'object' then
    return pgwhen._problem('WF002', p_path, format('%s is an object, not %s', p_what, pgwhen._quote(p_object)));
  end if;
  for v_row in
    select o.key, o.value, v_keys -> o.key as known from jsonb_each(p_object) o
  loop
    if v_row.known is null then
      v_names := array(select k.key from jsonb_each(v_keys) k where k.value -> 'is_supported' = 'true'
        order by (k.value -> 'place')::integer);
      v_problems := v_problems || pgwhen._problem('WF003', v_prefix || v_row.key,
        format('%s has no key %s', p_what, pgwhen._quote(to_jsonb(v_row.key))),
        coalesce('did you mean ' || coalesce(pgwhen._nearest(v_row.key, v_names), (
          select w.means from (values ('recipient', 'to'), ('recipients', 'to'), ('message', 'text'), ('body', 'text'),
            ('content', 'text'), ('trigger', 'when'),
            ('triggers', 'when'), ('on', 'when'), ('actions', 'steps'), ('condition', 'if'), ('conditions', 'if'),
              ('duration', 'for'), ('data', 'json'),
            ('payload', 'json'), ('status', 'as'), ('operation', 'row'), ('variables', 'vars'),
              ('depends_on', 'needs')) as w (written, means)
          where w.written = v_row.key and w.means = any (v_names))) || '?', 'it has ' || array_to_string(v_names, ', ')));
    elsif v_row.known -> 'is_supported' = 'false' then
      v_problems := v_problems || pgwhen._problem('WF004', v_prefix || v_row.key, format('%s is not yet supported', v_row.key));
    else
      v_problems := v_problems || pgwhen._check_kind(v_row.known ->> 'kind', v_row.value, v_prefix || v_row.key);
    end if;
  end loop;
  for v_row in
    select k.key from jsonb_each(v_keys) k
    where k.value -> 'is_required' = 'true' and not p_object ? k.key
    order by (k.value -> 'place')::integer
  loop
    v_problems := v_problems || pgwhen._problem('WF005', p_path, format('%s needs %s', p_what, v_row.key));
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_object(text[], jsonb, text, text) is 'Problems with the keys of an object of a definition.';
