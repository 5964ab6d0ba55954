-- What has no offset is on the clock of the zone. Only years of four digits, so that nothing that is added leads out of the range
-- of PostgreSQL.
create or replace function pgwhen._form_time(p_form jsonb, p_value jsonb, p_timezone text) returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_instant timestamptz := pgwhen._as_instant(p_value);
begin
  if p_value is null or p_timezone is null then
    return null;
  elsif v_instant is null or v_instant not between '0001-01-02 00:00:00+00' and '9999-12-31 23:59:59.999999+00' then
    perform pgwhen._refuse_value('WF137', p_form, format('%s is not a time of the years 1 to 9999', pgwhen._quote(p_value)),
      'Give a date or a time like 2026-01-31 or 2026-01-31T09:00:00+01:00.');
  end if;
  return pgwhen._instant(p_value, p_timezone);
end
$$;
comment on function pgwhen._form_time(jsonb, jsonb, text) is 'A value as the time that a form needs; null where it is missing, refused where it is none.';
