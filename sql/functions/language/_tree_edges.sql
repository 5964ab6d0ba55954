-- Edges of a tree of steps: from the step above, from the branch's owner, or from what needs names. A branch rejoins at the
-- next step. The first step of a loop's body has none: bodies begin by themselves, and no edge crosses their border. arm is what an
-- edge counts as where its target does not wait for all: the step that needs names, the branch of a parallel, else the source.
-- problem is null, or why a step has no edge that it should have.
create or replace function pgwhen._tree_edges(p_steps jsonb, p_on_error text)
returns table (source text, target text, outcome text, arm text, path text, problem text)
language plpgsql immutable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_rows jsonb := (select jsonb_object_agg(r.step ->> 'id', jsonb_build_object('step', r.step, 'owners', r.owners))
    from pgwhen._step_rows(p_steps, 'steps') r where r.step ->> 'id' is not null);
  v_row record;
  v_tails jsonb;
  v_more jsonb;
  v_tail jsonb;
  v_need jsonb;
begin
  for v_row in select * from pgwhen._step_rows(p_steps, 'steps') loop
    path := v_row.path;
    target := v_row.step ->> 'id';
    problem := null;
    source := null;
    outcome := null;
    arm := null;
    continue when target is null;
    v_tails := '[]';
    if jsonb_typeof(v_row.step -> 'needs') = 'array' then
      for v_need in select n.value from jsonb_array_elements(v_row.step -> 'needs') n loop
        if not v_rows ? (v_need #>> '{}') then
          problem := 'WF008 ' || coalesce(v_need #>> '{}', 'null');
          return next;
          continue;
        elsif pgwhen._step_body(v_rows -> (v_need #>> '{}') -> 'owners') is distinct from pgwhen._step_body(v_row.owners) then
          problem := format('WF030 %s', v_need #>> '{}');
          return next;
          continue;
        end if;
        v_more := coalesce((select jsonb_agg(o.value) from jsonb_array_elements(v_row.owners) o where o.value -> 0 = v_need),
          pgwhen._step_tails(v_rows -> (v_need #>> '{}') -> 'step', p_on_error));
        v_tails := v_tails || case when jsonb_array_length(v_row.step -> 'needs') = 1 then v_more else coalesce((
          select jsonb_agg(jsonb_build_array(t.value -> 0, t.value -> 1, v_need)) from jsonb_array_elements(v_more) t), '[]') end;
      end loop;
      if v_tails = '[]' and v_row.step -> 'needs' <> '[]' and problem is null then
        problem := 'WF010';
        return next;
      end if;
    elsif v_row.previous is null then
      if v_row.owners -> -1 ->> 1 is not null then
        v_tails := jsonb_build_array(v_row.owners -> -1);
      end if;
    else
      v_tails := pgwhen._step_tails(v_row.previous, p_on_error);
      if v_tails = '[]' then
        problem := 'WF010';
        return next;
      end if;
    end if;
    problem := null;
    for v_tail in select distinct t.value from jsonb_array_elements(v_tails) t loop
      source := v_tail ->> 0;
      outcome := v_tail ->> 1;
      arm := coalesce(v_tail ->> 2, source);
      return next;
    end loop;
    if pgwhen._join_step(v_row.step) is not null then
      target := pgwhen._join_step(v_row.step);
      path := v_row.path || '.join';
      for v_tail in select distinct t.value from jsonb_array_elements(pgwhen._parallel_tails(v_row.step, p_on_error)) t loop
        source := v_tail ->> 0;
        outcome := v_tail ->> 1;
        arm := v_tail ->> 2;
        return next;
      end loop;
    end if;
  end loop;
end
$$;
comment on function pgwhen._tree_edges(jsonb, text) is 'Edges that a tree of steps comes to.';
