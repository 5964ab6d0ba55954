create or replace function pgwhen._check_bounds(p_definition jsonb) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  if p_definition is null then
    return pgwhen._problem('WF002', '', 'there is no definition');
  elsif jsonb_typeof(p_definition) <> 'object' then
    return pgwhen._problem('WF002', '', format('a workflow is an object, not %s', pgwhen._quote(p_definition)));
  elsif pgwhen._is_too_deep(p_definition) then
    return pgwhen._problem('WF028', '', 'the definition is nested more than 63 levels deep');
  elsif octet_length(p_definition::text) > 1000000 then
    return pgwhen._problem('WF028', '',
      format('the definition has %s bytes, more than 1,000,000', octet_length(p_definition::text)));
  elsif (select count(*) from pgwhen._step_rows(p_definition -> 'steps', 'steps')) > 1000
    or (jsonb_typeof(p_definition -> 'nodes') = 'array' and jsonb_array_length(p_definition -> 'nodes') > 1000) then
    return pgwhen._problem('WF028', 'steps', 'the workflow has more than 1,000 steps');
  elsif exists (select from pgwhen._step_rows(p_definition -> 'steps', 'steps') r where jsonb_array_length(r.owners) > 15) then
    return pgwhen._problem('WF028', 'steps', 'branches are nested more than 15 deep',
      'write nodes and edges, or start from another workflow');
  end if;
  return '[]'::jsonb;
end
$$;
comment on function pgwhen._check_bounds(jsonb) is 'Whether a definition is of a size and depth that can be looked at.';
