-- A key of a condition's map: a column of what bare columns mean there (whatever its name holds), a path, or a part of a JSON
-- column. Reserved words are columns first, since that is what a bare key means.
create or replace function pgwhen._resolve_key(p_key text, p_scope jsonb, p_place text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_bare constant text := p_scope ->> 'bare';
  v_alias constant text := p_scope ->> 'bare_alias';
  v_relation constant oid := (p_scope -> 'records' -> v_alias ->> 'relation')::oid;
  v_parts constant text[] := string_to_array(p_key, '.');
  v_prefix constant text := case v_bare when 'record' then v_alias when 'row' then 'new' else v_bare end;
  v_is_root boolean := p_scope -> 'records' ? v_parts[1] or coalesce(p_scope -> 'items' ? v_parts[1], false)
    or v_parts[1] in ('event', 'input', 'new', 'old', 'changed', 'vars', 'tenant', 'workflow', 'execution', 'now', 'steps',
      'item', 'index');
begin
  if p_scope -> 'locals' ? v_parts[1] then
    return pgwhen._compile_path(v_parts, p_scope, p_place);
  elsif p_scope ? 'row' then
    return pgwhen._resolve_row_key(p_key, p_scope, p_place);
  end if;
  if v_prefix is not null and v_relation is not null then
    if pgwhen._find_column(v_relation, p_key) is not null then
      return pgwhen._compile_path(array[v_prefix, p_key], p_scope, p_place);
    elsif not v_is_root and pgwhen._find_column(v_relation, v_parts[1]) is not null then
      return pgwhen._compile_path(v_prefix || v_parts, p_scope, p_place);
    elsif cardinality(v_parts) = 1 and not v_is_root then
      return pgwhen._result(null, pgwhen._problem('WF016', p_place, format('%s has no column %s', v_relation::regclass, p_key),
        coalesce('did you mean ' || pgwhen._nearest(p_key, pgwhen._column_names(v_relation)) || '?',
          'it has ' || array_to_string((pgwhen._column_names(v_relation))[1:20], ', '))));
    end if;
  elsif v_prefix is not null and not v_is_root then
    return pgwhen._compile_path(v_prefix || v_parts, p_scope, p_place);
  elsif v_prefix is null and cardinality(v_parts) = 1 and not v_is_root then
    return pgwhen._result(null,
      pgwhen._problem('WF026', p_place, format('%s: there is no record that a column could belong to', p_key),
      case when p_scope ? 'choices' then 'write '
        || (select string_agg(c || '.' || p_key, ' or ') from jsonb_array_elements_text(p_scope -> 'choices') c)
        else format('write a path, input.%s for example', p_key) end));
  end if;
  return pgwhen._compile_path(v_parts, p_scope, p_place);
end
$$;
comment on function pgwhen._resolve_key(text, jsonb, text) is 'What a key of a condition means.';
