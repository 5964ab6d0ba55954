-- The tree of steps as rows, in the order of the text. owners is the chain of steps whose branches hold the step, outermost
-- first, each with the outcome that leads into the branch: [["check","true"], ["call","error"]]; previous is the step above in
-- the same list.
create or replace function pgwhen._step_rows(p_list jsonb, p_list_path text, p_owners jsonb default '[]')
returns table (step jsonb, path text, previous jsonb, owners jsonb)
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_step jsonb;
  v_place integer;
  v_key text;
begin
  if jsonb_typeof(p_list) is distinct from 'array' or jsonb_array_length(p_owners) > 16 then
    return;
  end if;
  for v_step, v_place in select e.value, e.ordinality - 1 from jsonb_array_elements(p_list) with ordinality e loop
    step := v_step;
    path := format('%s[%s]', p_list_path, v_place);
    previous := case when v_place > 0 then p_list -> (v_place - 1) end;
    owners := p_owners;
    return next;
    if jsonb_typeof(v_step) = 'object' then
      foreach v_key in array array['then', 'else', 'on_error'] loop
        if jsonb_typeof(v_step -> v_key) = 'array' then
          return query select * from pgwhen._step_rows(v_step -> v_key, format('%s[%s].%s', p_list_path, v_place, v_key),
            p_owners || jsonb_build_array(jsonb_build_array(v_step ->> 'id',
              case v_key when 'then' then 'true' when 'else' then 'false' else 'error' end)));
        end if;
      end loop;
    end if;
  end loop;
end
$$;
comment on function pgwhen._step_rows(jsonb, text, jsonb) is 'All steps of a list and of its branches.';
