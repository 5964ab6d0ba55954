-- The three ways in which an expression can name a step: steps.step-1, steps['step-1'], steps."step-1". Longer names first, so
-- that step-1 does not take the beginning of step-1-b.
create or replace function pgwhen._rename_in_expression(p_text text, p_names jsonb) returns text
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_text text := p_text;
  v_name record;
begin
  for v_name in
    select n.value, regexp_replace(n.key, '([^[:alnum:]_])', '\\\1', 'g') as pattern
    from jsonb_each_text(p_names) n
    order by length(n.key) desc
  loop
    v_text := regexp_replace(v_text, '\msteps\.' || v_name.pattern || '(?![[:alnum:]_-])', 'steps.' || v_name.value, 'g');
    v_text := regexp_replace(v_text, '\msteps\[\s*([''"])' || v_name.pattern || '\1\s*\]', 'steps.' || v_name.value, 'g');
    v_text := regexp_replace(v_text, '\msteps\."' || v_name.pattern || '"', 'steps.' || v_name.value, 'g');
  end loop;
  return v_text;
end
$$;
comment on function pgwhen._rename_in_expression(text, jsonb) is 'An expression with the steps that it refers to renamed.';
