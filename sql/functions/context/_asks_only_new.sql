-- Most conditions of triggers compare columns of the new row with constants: for them the rest of the context need not be built.
create or replace function pgwhen._asks_only_new(p_condition jsonb) returns boolean
language plpgsql immutable parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  return p_condition is not null
    and not jsonb_path_exists(p_condition, 'strict $.**.left[0] ? (@ != "new")')
    and not jsonb_path_exists(p_condition, 'strict $.**.right ? (!exists (@.literal))')
    and not jsonb_path_exists(p_condition, 'strict $.**.op ? (@ like_regex "^(jsonpath|within|older_than|changed)")');
end
$$;
comment on function pgwhen._asks_only_new(jsonb) is 'Whether a compiled condition compares nothing but columns of the new row with constants.';
