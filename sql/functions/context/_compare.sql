-- One order per type, the same in every database: text by code points (collation "C"), numbers exactly, times as instants
-- (a date is its midnight in UTC). What is not of the type makes the result unknown, never an error.
create or replace function pgwhen._compare(p_left jsonb, p_right jsonb, p_type text) returns integer
language plpgsql stable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_left text;
  v_right text;
  v_left_number numeric;
  v_right_number numeric;
  v_left_instant timestamptz;
  v_right_instant timestamptz;
  v_left_interval interval;
  v_right_interval interval;
begin
  case coalesce(p_type, case jsonb_typeof(p_right) when 'number' then 'numeric' when 'boolean' then 'boolean' when 'string' then 'text' else 'jsonb' end)
    when 'text' then
      v_left := pgwhen._as_text(p_left);
      v_right := pgwhen._as_text(p_right);
      return case when v_left = v_right then 0 when v_left < v_right collate "C" then -1 when v_left > v_right collate "C" then 1 end;
    when 'numeric' then
      v_left_number := pgwhen._as_numeric(p_left);
      v_right_number := pgwhen._as_numeric(p_right);
      return case when v_left_number = v_right_number then 0 when v_left_number < v_right_number then -1 when v_left_number > v_right_number then 1 end;
    when 'timestamptz', 'timestamp', 'date' then
      v_left_instant := pgwhen._as_instant(p_left);
      v_right_instant := pgwhen._as_instant(p_right);
      return case when v_left_instant = v_right_instant then 0 when v_left_instant < v_right_instant then -1 when v_left_instant > v_right_instant then 1 end;
    when 'boolean' then
      return pgwhen._as_boolean(p_left)::integer - pgwhen._as_boolean(p_right)::integer;
    when 'bpchar' then
      return pgwhen._compare(to_jsonb(rtrim(pgwhen._as_text(p_left), ' ')), to_jsonb(rtrim(pgwhen._as_text(p_right), ' ')), 'text');
    when 'uuid' then
      return pgwhen._compare(to_jsonb(pgwhen._as_uuid(p_left)), to_jsonb(pgwhen._as_uuid(p_right)), 'text');
    when 'time' then
      return pgwhen._compare(to_jsonb(extract(epoch from pgwhen._as_time(p_left))), to_jsonb(extract(epoch from pgwhen._as_time(p_right))), 'numeric');
    when 'interval' then
      v_left_interval := pgwhen._as_interval(pgwhen._as_text(p_left));
      v_right_interval := pgwhen._as_interval(pgwhen._as_text(p_right));
      return case when v_left_interval = v_right_interval then 0 when v_left_interval < v_right_interval then -1 when v_left_interval > v_right_interval then 1 end;
    else
      return case when p_left = p_right then 0 when jsonb_typeof(p_left) <> jsonb_typeof(p_right) then null when p_left < p_right then -1 when p_left > p_right then 1 end;
  end case;
end
$$;
comment on function pgwhen._compare(jsonb, jsonb, text) is 'Order of two values as a type: -1, 0, 1; null where either is missing or not of the type.';
