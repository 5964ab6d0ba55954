-- The tree of steps as rows, in the order of the text. owners is the chain of steps whose branches hold the step, outermost
-- first, each with the outcome that leads into the branch, null where that is the body of a loop: [["check","true"], ["each",null]];
-- previous is the step above in the same list. A fallback is one step and no list, and its path has no number.
create or replace function pgwhen._step_rows(p_list jsonb, p_list_path text, p_owners jsonb default '[]')
returns table (step jsonb, path text, previous jsonb, owners jsonb)
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_is_one constant boolean := jsonb_typeof(p_list) = 'object' and p_owners <> '[]';
  v_list constant jsonb := case when v_is_one then jsonb_build_array(p_list) else p_list end;
  v_step jsonb;
  v_place integer;
  v_branch record;
begin
  if jsonb_typeof(v_list) is distinct from 'array' or jsonb_array_length(p_owners) > 16 then
    return;
  end if;
  for v_step, v_place in select e.value, e.ordinality - 1 from jsonb_array_elements(v_list) with ordinality e loop
    step := v_step;
    path := case when v_is_one then p_list_path else format('%s[%s]', p_list_path, v_place) end;
    previous := case when v_place > 0 then v_list -> (v_place - 1) end;
    owners := p_owners;
    return next;
    if jsonb_typeof(v_step) = 'object' then
      for v_branch in select b.* from pgwhen._branches(v_step) b loop
        return query select * from pgwhen._step_rows(v_branch.steps,
          case when v_is_one then p_list_path else format('%s[%s]', p_list_path, v_place) end || '.' || v_branch.key,
          p_owners || jsonb_build_array(jsonb_build_array(v_step ->> 'id', v_branch.outcome)));
      end loop;
    end if;
  end loop;
end
$$;
comment on function pgwhen._step_rows(jsonb, text, jsonb) is 'All steps of a list and of its branches.';
