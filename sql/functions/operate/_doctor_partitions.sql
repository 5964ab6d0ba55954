-- Rows in a default partition are found and kept like others; but a week that lasts there is dropped row by row. A setting that is
-- no number is for _doctor_settings to tell, hence it is read with care.
create or replace function pgwhen._doctor_partitions() returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._clock();
  v_table text;
  v_has_rows boolean;
  v_ahead integer;
  v_days integer := coalesce((
    select (s.value #>> '{}')::integer from pgwhen.settings s where s.name = 'retention_days' and s.value #>> '{}' ~ '^[0-9]{1,6}$'), 30);
  v_due timestamptz := pgwhen._oldest_week(v_now - (v_days + 8) * interval '1 day');
begin
  foreach v_table in array pgwhen._history_tables() loop
    select count(*) - 1 into v_ahead
    from generate_series(0, 1) n
    where to_regclass('pgwhen.' || pgwhen._week_name(v_table, v_now + n * interval '7 days')) is not null;
    -- Dynamic: the table is one of six.
    execute format('select exists (select from pgwhen.%I)', v_table || '_default') into v_has_rows;
    return query select 'partitions of ' || v_table,
      case when v_ahead < 0 or v_has_rows then 'error' when v_ahead < 1 then 'warning' else 'ok' end,
      case when v_ahead < 0 then 'this week has none' when v_ahead < 1 then 'next week has none' else 'this week and the next' end
        || case when v_has_rows then '; the default partition holds rows' else '' end,
      case when v_ahead < 1 or v_has_rows then 'pgwhen maintain makes partitions and moves the rows; tick does too, if nobody holds a lock.' end;
  end loop;
  return query select 'retention', case when v_due is null then 'ok' else 'warning' end,
    case when v_due is null then 'nothing is older than it should be'
      else format('the week of %s should have been dropped', (v_due at time zone 'UTC')::date) end,
    case when v_due is not null then 'Run pgwhen maintain daily: from cron, pg_cron or a timer.' end;
end
$$;
comment on function pgwhen._doctor_partitions() is 'doctor: partitions ahead, rows in default partitions, retention.';
