-- Keys of a loop that belong together, and what its items are called.
create or replace function pgwhen._check_loop(p_step jsonb, p_scope jsonb, p_path text, p_is_node boolean) returns jsonb
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_problems jsonb := '[]'::jsonb;
  v_as constant text := p_step ->> 'as';
begin
  if p_step ? 'over' = p_step ? 'while' then
    v_problems := pgwhen._problem('WF005', p_path, case when p_step ? 'over' then 'a loop has either over or while' else 'a loop step needs over or while' end);
  elsif p_step ? 'while' and not p_step ? 'max' then
    v_problems := pgwhen._problem('WF005', p_path, 'a loop with while needs max', 'max is how often at most, so that it ends whatever the condition says');
  elsif p_step ? 'while' and coalesce(p_step -> 'at_once', '1') <> '1' then
    v_problems := pgwhen._problem('WF014', p_path || '.at_once', 'at_once goes with over: while does one iteration after the other');
  end if;
  if p_is_node and p_scope -> 'loop' -> 'has_body' = 'false' then
    v_problems := v_problems || pgwhen._problem('WF005', p_path, 'the loop has no steps', format('give the nodes in it parent: %s', p_step ->> 'id'));
  elsif not p_is_node and not p_step ? 'steps' then
    v_problems := v_problems || pgwhen._problem('WF005', p_path, 'a loop step needs steps');
  end if;
  if p_scope -> 'records' ? v_as
    or v_as in ('event', 'input', 'new', 'old', 'changed', 'vars', 'tenant', 'workflow', 'execution', 'now', 'steps', 'index', 'approval', 'notification') then
    v_problems := v_problems || pgwhen._problem('WF018', p_path || '.as', format('%s means something else', v_as), 'give the items another name');
  elsif p_scope -> 'items' ? v_as and v_as <> 'item' then
    v_problems := v_problems || pgwhen._problem('WF018', p_path || '.as', format('%s is the item of the loop around', v_as), 'give the items another name');
  end if;
  return v_problems;
end
$$;
comment on function pgwhen._check_loop(jsonb, jsonb, text, boolean) is 'Problems with the keys of a loop.';
