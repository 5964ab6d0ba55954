-- What stands for another reason stays: who opted in again may have an address that bounces.
create or replace function pgwhen.lift_suppression(p_channel text, p_address text, p_reason text default null, p_category text default null,
  p_detail text default null) returns integer
language plpgsql security definer
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_address text;
  v_lifted jsonb;
begin
  perform pgwhen._check_suppression(p_channel, p_address, coalesce(p_reason, 'manual'), p_category);
  v_address := pgwhen._plain_address(p_channel, p_address);
  with gone as (
    delete from pgwhen.suppressions s
    where s.tenant = pgwhen._tenant() and s.channel = p_channel and s.address = v_address
      and (p_reason is null or s.reason = p_reason) and (nullif(p_category, '') is null or s.category = p_category)
    returning s.*
  )
  select jsonb_agg(to_jsonb(g) - '{suppression_id,tenant,channel,address}'::text[] order by g.at) into v_lifted from gone g;
  if v_lifted is null then
    raise exception using errcode = 'WF413', message = format('nothing is suppressed for %s by %s', v_address, concat_ws(' ', p_channel,
      'as ' || p_reason, 'of ' || nullif(p_category, ''))),
      hint = 'pgwhen suppressions list shows what is.';
  end if;
  perform pgwhen._audit('lift_suppression', array[p_channel || ':' || v_address], p_detail, jsonb_build_object('lifted', v_lifted));
  return jsonb_array_length(v_lifted);
end
$$;
comment on function pgwhen.lift_suppression(text, text, text, text, text) is 'Lets messages of the tenant reach an address again; returns how many suppressions were lifted.
p_reason and p_category choose among several; without them all are lifted. p_detail is why, for the audit log. Raises WF413 where there is none.';
