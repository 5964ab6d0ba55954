-- The fixed clock of the context; a row that is judged on its own (becomes) has none.
create or replace function pgwhen._now_of(p_context jsonb) returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_now timestamptz := pgwhen._as_instant(p_context -> 'now');
begin
  if v_now is null then
    v_now := pgwhen._now();
  end if;
  return v_now;
end
$$;
comment on function pgwhen._now_of(jsonb) is 'What is now to a condition or value: the context''s now, else the time.';
