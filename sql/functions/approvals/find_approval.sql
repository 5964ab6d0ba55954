-- People copy the beginning of an id. Ids begin with their time, so a prefix is a range of the primary key.
create or replace function pgwhen.find_approval(p_approval text) returns uuid
language plpgsql stable security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_hex text := lower(replace(trim(p_approval), '-', ''));
  v_ids uuid[];
begin
  if v_hex is null or v_hex !~ '^[0-9a-f]{4,32}$' then
    raise exception using errcode = 'WF293', message = format('%s is not the id of an approval', coalesce(quote_literal(left(p_approval, 80)), 'null')),
      hint = 'An id is a uuid; its beginning will do, from 4 digits, if only one approval has it.';
  end if;
  v_ids := array(
    select r.approval_id from pgwhen.approval_requests r
    where r.approval_id between rpad(v_hex, 32, '0')::uuid and rpad(v_hex, 32, 'f')::uuid and r.tenant = pgwhen._tenant()
    order by r.approval_id
    limit 4);
  if cardinality(v_ids) = 0 then
    raise exception using errcode = 'WF280', message = format('approval %s does not exist', trim(p_approval)),
      hint = 'pgwhen approvals lists what is open.';
  elsif cardinality(v_ids) > 1 then
    raise exception using errcode = 'WF294', message = format('more than one approval begins with %s', trim(p_approval)),
      detail = array_to_string(v_ids[1:3], ', ') || case when cardinality(v_ids) > 3 then ', ...' else '' end, hint = 'Give more of the id.';
  end if;
  return v_ids[1];
end
$$;
comment on function pgwhen.find_approval(text) is 'The id of the one approval that begins with a text.';
