-- In place of SET clauses of the trigger functions: five of them cost 1.3 microseconds a statement, also where nobody
-- subscribed, and most servers run in UTC. This costs 4, in a session that differs, for a statement that is an event. Where
-- the statement fails before the formats are set back, its rollback does that.
create or replace function pgwhen._set_formats(p_formats text[] default array['UTC', 'postgres', 'ISO', 'hex', '1']) returns text[]
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_names constant text[] := array['TimeZone', 'IntervalStyle', 'DateStyle', 'bytea_output', 'extra_float_digits'];
  v_before text[];
begin
  for i in 1 .. cardinality(c_names) loop
    v_before[i] := current_setting(c_names[i]);
    if v_before[i] <> p_formats[i] then
      p_formats[i] := set_config(c_names[i], p_formats[i], true);
    end if;
  end loop;
  return v_before;
end
$$;
comment on function pgwhen._set_formats(text[]) is 'Sets the formats in which values are written, by default those of messages; returns the former ones.';
