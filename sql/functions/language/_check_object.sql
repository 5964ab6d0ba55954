-- Keys of an object against the list of the language: unknown ones with the nearest name, later ones by name, missing ones, and
-- the kind of each value. p_scopes are the scopes whose keys may stand together (step and a type).
create or replace function pgwhen._check_object(p_scopes text[], p_object jsonb, p_path text, p_what text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := '[]';
  v_row record;
  v_prefix constant text := case when p_path = '' then '' else p_path || '.' end;
  v_names text[];
begin
  if jsonb_typeof(p_object) is distinct from 'object' then
    return pgwhen._problem('WF002', p_path, format('%s is an object, not %s', p_what, pgwhen._quote(p_object)));
  end if;
  for v_row in
    select o.key, o.value, l.kind, l.supported, l.key is not null as known
    from jsonb_each(p_object) o
    left join lateral (select * from pgwhen._language() l where l.scope = any (p_scopes) and l.key = o.key
      order by array_position(p_scopes, l.scope) desc limit 1) l on true
  loop
    if not v_row.known then
      v_names := array(select l.key from pgwhen._language() l where l.scope = any (p_scopes) and l.supported order by l.place);
      v_problems := v_problems || pgwhen._problem('WF003', v_prefix || v_row.key, format('%s has no key %s', p_what, pgwhen._quote(to_jsonb(v_row.key))),
        coalesce('did you mean ' || coalesce(pgwhen._nearest(v_row.key, v_names), (
          select w.means from (values ('recipient', 'to'), ('recipients', 'to'), ('message', 'text'), ('body', 'text'), ('content', 'text'), ('trigger', 'when'),
            ('triggers', 'when'), ('on', 'when'), ('actions', 'steps'), ('condition', 'if'), ('conditions', 'if'), ('duration', 'for'), ('data', 'json'),
            ('payload', 'json'), ('status', 'as'), ('operation', 'row'), ('variables', 'vars'), ('depends_on', 'needs')) as w (written, means)
          where w.written = v_row.key and w.means = any (v_names))) || '?', 'it has ' || array_to_string(v_names, ', ')));
    elsif not v_row.supported then
      v_problems := v_problems || pgwhen._problem('WF004', v_prefix || v_row.key, format('%s is not yet supported', v_row.key));
    else
      v_problems := v_problems || pgwhen._check_kind(v_row.kind, v_row.value, v_prefix || v_row.key);
    end if;
  end loop;
  for v_row in
    select l.key from pgwhen._language() l
    where l.scope = any (p_scopes) and l.required and not p_object ? l.key order by l.place
  loop
    v_problems := v_problems || pgwhen._problem('WF005', p_path, format('%s needs %s', p_what, v_row.key));
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_object(text[], jsonb, text, text) is 'Problems with the keys of an object of a definition.';
