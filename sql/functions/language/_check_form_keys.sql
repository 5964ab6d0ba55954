-- Keys of a form's argument; whether their values are right is seen when they are compiled.
create or replace function pgwhen._check_form_keys(p_form text, p_takes jsonb, p_argument jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_keys constant text[] := array(select t.take ->> 0 from jsonb_array_elements(p_takes) with ordinality t (take, n) order by t.n);
  v_problems jsonb := '[]'::jsonb;
  v_key text;
begin
  for v_key in select k from jsonb_object_keys(p_argument) k where k <> all (v_keys) loop
    v_problems := v_problems || pgwhen._problem('WF003', p_place || '.' || v_key, format('%s has no key %s', p_form, v_key),
      coalesce('did you mean ' || pgwhen._nearest(v_key, v_keys) || '?', 'it has ' || array_to_string(v_keys, ', ')));
  end loop;
  for v_key in
    select t.take ->> 0 from jsonb_array_elements(p_takes) with ordinality t (take, n)
    where right(t.take ->> 1, 1) <> '?' and not p_argument ? (t.take ->> 0)
    order by t.n
  loop
    v_problems := v_problems || pgwhen._problem('WF005', p_place, format('%s needs %s', p_form, v_key),
      (select 'for example ' || (f.example)::text from pgwhen._forms() f where f.form = p_form));
  end loop;
  return v_problems;
end
$$;
comment on function pgwhen._check_form_keys(text, jsonb, jsonb, text) is 'Problems with the keys of a form.';
