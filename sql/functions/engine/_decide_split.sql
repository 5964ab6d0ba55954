-- A record falls into the same part whenever it comes by, as long as the shares stay: what decides is a hash of workflow, step and
-- record, or of the execution where there is no record. sha256, because hashes of PostgreSQL may change with its version.
create or replace function pgwhen._decide_split(p_step pgwhen.steps, p_context jsonb, out outcome text, out output jsonb, out reason text)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_hash constant text := encode(sha256(convert_to(format('%s:%s:%s', p_step.workflow_id, p_step.step_id,
    coalesce(nullif(p_context #> '{execution,record}', 'null'), p_context #> '{execution,id}')), 'UTF8')), 'hex');
  v_whole numeric;
  v_place numeric;
  v_part text;
begin
  select sum((p.value -> 1)::numeric) into v_whole from jsonb_array_elements(p_step.compiled -> 'parts') p;
  v_place := ('x' || left(v_hash, 12))::bit(48)::bigint::numeric / 281474976710656 * v_whole;
  select s.part into v_part
  from (select p.value ->> 0 as part, p.ordinality as n, sum((p.value -> 1)::numeric) over (order by p.ordinality) as upto
    from jsonb_array_elements(p_step.compiled -> 'parts') with ordinality p) s
  where s.upto > v_place
  order by s.n
  limit 1;
  outcome := 'part:' || v_part;
  output := to_jsonb(v_part);
  reason := format('its hash falls at %s of %s', round(v_place, 2), v_whole);
end
$$;
comment on function pgwhen._decide_split(pgwhen.steps, jsonb) is 'Which part of a split a record falls into: its outcome, the part as its output, and why.';
