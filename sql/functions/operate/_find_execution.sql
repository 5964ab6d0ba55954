-- People copy the beginning of an id. Ids begin with their time, so a prefix is a range of the primary key; the range of one week
-- is one partition. Found among executions of the tenant only.
create or replace function pgwhen._find_execution(p_text text) returns uuid
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_hex text := lower(replace(trim(p_text), '-', ''));
  v_ids uuid[];
begin
  if v_hex is null or v_hex !~ '^[0-9a-f]{4,32}$' then
    raise exception using errcode = 'WF153', message = format('%s is not an execution id', coalesce(quote_literal(left(p_text, 80)), 'null')),
      hint = 'An id is a uuid; its beginning will do, from 4 digits, if only one execution has it.';
  end if;
  v_ids := array(
    select x.execution_id from pgwhen.executions x
    where x.execution_id between rpad(v_hex, 32, '0')::uuid and rpad(v_hex, 32, 'f')::uuid and x.tenant = pgwhen._tenant()
    order by x.execution_id
    limit 4);
  if cardinality(v_ids) = 0 then
    raise exception using errcode = 'WF202', message = format('execution %s does not exist', trim(p_text)),
      hint = 'pgwhen executions lists the latest; finished ones are dropped after the days in the setting retention_days.';
  end if;
  if cardinality(v_ids) > 1 then
    raise exception using errcode = 'WF154', message = format('more than one execution begins with %s', trim(p_text)),
      detail = format('%s%s', array_to_string(v_ids[1:3], ', '), case when cardinality(v_ids) > 3 then ', ...' end),
      hint = 'Give more of the id.';
  end if;
  return v_ids[1];
end
$$;
comment on function pgwhen._find_execution(text) is 'The execution whose id begins with a text; refuses none and several.';
