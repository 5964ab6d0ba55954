-- A path whose type is known has to fit what it is for; text may hold anything and is looked at when it is there.
create or replace function pgwhen._check_value_type(p_result jsonb, p_type text, p_text text, p_place text) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case when pgwhen._fits(p_result ->> 'type', p_type) then '{}'
    else jsonb_build_object('problems', (p_result -> 'problems') || pgwhen._problem('WF021', p_place,
      format('%s is %s, and %s is needed', left(p_text, 60), p_result ->> 'type', pgwhen._kind_name(p_type)))) end
$$;
comment on function pgwhen._check_value_type(jsonb, text, text, text) is 'Adds a problem to a compiled value whose type does not fit.';
