-- Forms are objects with one key that starts with $; _forms says what each takes. What is evaluated for each item sees that item
-- under its local name, and picks names what else it reads, so that not the whole context is copied for each.
create or replace function pgwhen._compile_form(p_value jsonb, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name constant text := (select min(k) from jsonb_object_keys(p_value) k where left(k, 1) = '$');
  v_place constant text := p_place || '.' || v_name;
  v_form record;
  v_argument jsonb := p_value -> v_name;
  v_as text;
  v_inner jsonb := p_scope;
  v_compiled jsonb := jsonb_build_object('form', v_name, 'place', p_place);
  v_result jsonb := pgwhen._result(null);
  v_picks jsonb := '[]'::jsonb;
  v_types text[] := '{}'::text[];
  v_row record;
  v_one jsonb;
begin
  select f.* into v_form from pgwhen._forms() f where f.form = v_name;
  if v_form.form is null then
    return pgwhen._result(null, pgwhen._problem('WF003', p_place, format('%s is not a form', v_name),
      coalesce('did you mean ' || pgwhen._nearest(v_name, array(select f.form from pgwhen._forms() f)) || '?',
        'a value that begins with $ is written {$literal: ...}')));
  elsif (select count(*) from jsonb_object_keys(p_value)) > 1 then
    return pgwhen._result(null, pgwhen._problem('WF003', p_place, format('a form has one key, %s stands with others', v_name)));
  elsif v_name = '$literal' then
    return pgwhen._result(jsonb_build_object('literal', v_argument)) || jsonb_build_object('type', pgwhen._json_kind(v_argument));
  elsif v_name = '$path' then
    return pgwhen._compile_path_form(v_argument, p_scope, v_place);
  elsif v_form.takes -> 0 ->> 0 = 'of' then
    v_argument := jsonb_build_object('of', v_argument);
  elsif jsonb_typeof(v_argument) <> 'object' or pgwhen._is_form(v_argument) then
    -- The first key alone, without the object around it.
    v_argument := jsonb_build_object(v_form.takes -> 0 ->> 0, v_argument);
  end if;
  v_result := v_result || jsonb_build_object('problems', pgwhen._check_form_keys(v_name, v_form.takes, v_argument, v_place));
  if v_result -> 'problems' <> '[]' then
    return v_result;
  end if;

  if v_form.takes @> '[["as", "name?"]]' then
    v_result := v_result || jsonb_build_object('problems', pgwhen._check_local_name(v_argument -> 'as', p_scope, v_place || '.as'));
    v_as := coalesce(v_argument ->> 'as', 'item');
    v_inner := p_scope || jsonb_build_object('locals', coalesce(p_scope -> 'locals', '{}') || jsonb_build_object(v_as, true));
    v_compiled := v_compiled || jsonb_build_object('as', v_as);
  end if;
  for v_row in
    select t.take ->> 0 as key, rtrim(t.take ->> 1, '?') as kind, v_argument -> (t.take ->> 0) as value,
      v_as is not null and t.take ->> 0 in ('if', 'value', 'by') as is_inner,
      case when t.take ->> 0 = 'of' then v_place else v_place || '.' || (t.take ->> 0) end as place
    from jsonb_array_elements(v_form.takes) with ordinality t (take, n)
    where v_argument ? (t.take ->> 0) and t.take ->> 0 <> 'as'
    order by t.n
  loop
    v_one := pgwhen._compile_argument(v_row.kind, v_row.value, case when v_row.is_inner then v_inner else p_scope end, v_row.place);
    if v_row.is_inner then
      if v_row.key <> 'if' and v_one -> 'compiled' ? 'literal' and v_one -> 'problems' = '[]' then
        v_one := v_one || jsonb_build_object('problems', pgwhen._problem('WF071', v_row.place,
          format('%s is the same for every item', pgwhen._quote(v_row.value)), format('write a path of the item: "{{ %s.%s }}"', v_as,
            case when v_row.value #>> '{}' ~ '^[a-z_][a-z0-9_]*$' then v_row.value #>> '{}' else 'total' end)));
      end if;
      v_one := v_one || jsonb_build_object('reads', (select coalesce(jsonb_agg(r), '[]') from jsonb_array_elements(v_one -> 'reads') r where r ->> 0 <> v_as));
      v_picks := v_picks || (v_one -> 'reads');
    end if;
    v_types := v_types || case when v_row.kind in ('value', 'values', 'cases') then coalesce(v_one ->> 'type', '') end;
    v_compiled := v_compiled || jsonb_build_object(v_row.key, v_one -> 'compiled');
    v_result := pgwhen._join_results(null, v_result, v_one);
  end loop;
  if v_form.takes @> '[["timezone", "zone?"]]' and not v_argument ? 'timezone' then
    v_compiled := v_compiled || jsonb_build_object('timezone', jsonb_build_object('literal', coalesce(p_scope -> 'timezone', '"UTC"')));
  end if;
  if v_as is not null and p_scope ->> 'place' is distinct from 'becomes' then
    v_compiled := v_compiled || jsonb_build_object('picks', pgwhen._distinct(v_picks));
  end if;
  v_types := array(select distinct t from unnest(v_types) t where t is not null);
  return v_result || jsonb_build_object('compiled', v_compiled, 'type', coalesce(v_form.gives,
    case when cardinality(v_types) = 1 and v_name in ('$if', '$case', '$default', '$concat') then nullif(v_types[1], '') end));
end
$$;
comment on function pgwhen._compile_form(jsonb, jsonb, text) is 'Typed form of an object such as {$sum: ...}.';
