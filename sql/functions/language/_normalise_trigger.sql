-- One entry of when: a name of older systems becomes the trigger it stands for, all else stays as it is.
create or replace function pgwhen._normalise_trigger(p_trigger jsonb) returns jsonb
language sql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select case
    when jsonb_typeof(p_trigger) = 'string' then coalesce(pgwhen._seed_trigger(p_trigger #>> '{}', null), p_trigger)
    when jsonb_typeof(p_trigger) = 'object' and jsonb_typeof(p_trigger -> 'trigger_type') = 'string' then
      coalesce(pgwhen._seed_trigger(p_trigger ->> 'trigger_type', p_trigger -> 'trigger_conditions')
        || (p_trigger - array['trigger_type', 'trigger_conditions']), p_trigger)
    else p_trigger
  end
$$;
comment on function pgwhen._normalise_trigger(jsonb) is 'A trigger in the words of the language.';
