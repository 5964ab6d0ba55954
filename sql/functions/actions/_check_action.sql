-- Pollers say which actions they have. Before the first one that has any has run nothing is known, and that is a warning only: a
-- database is often filled before its pollers start.
create or replace function pgwhen._check_action(p_step jsonb, p_path text) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_name constant text := case jsonb_typeof(p_step -> 'name') when 'string' then p_step ->> 'name' end;
  v_action pgwhen.registered_actions;
begin
  if v_name is null then
    return jsonb '[]';
  end if;
  select r.* into v_action from pgwhen.registered_actions r where r.name = v_name order by r.seen_at desc limit 1;
  if v_action.name is not null then
    return pgwhen._check_parameters(v_action.schema, coalesce(p_step -> 'with', '{}'), p_path || '.with')
      || case when pgwhen._is_announced(v_name) then '[]' else pgwhen._problem('WF444', p_path || '.name',
        format('no poller that runs now has the action %s', v_name),
        format('it was last seen at %s; start the poller that has it', to_char(v_action.seen_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')), 'warning') end;
  elsif exists (
      select from pgwhen.registered_functions f
      where f.tenant = pgwhen._tenant() and v_name in (f.signature, f.function_name, f.schema_name || '.' || f.function_name)) then
    return pgwhen._problem('WF442', p_path || '.name', format('%s is a function of the database', pgwhen._quote(to_jsonb(v_name))),
      format('write type: call, function: %s', v_name));
  elsif not exists (select from pgwhen.registered_actions) then
    return pgwhen._problem('WF444', p_path || '.name', format('no poller has announced an action yet, so that %s cannot be checked', v_name),
      'start a poller that has it: pgwhen poll --actions MODULE', 'warning');
  end if;
  return pgwhen._problem('WF442', p_path || '.name', format('there is no action %s', pgwhen._quote(to_jsonb(v_name))),
    coalesce('did you mean ' || pgwhen._nearest(v_name, array(select distinct r.name from pgwhen.registered_actions r order by r.name)) || '?',
      'pgwhen actions lists those that pollers have'));
end
$$;
comment on function pgwhen._check_action(jsonb, text) is 'Problems with the registered action that a step names, and with its parameters.';
