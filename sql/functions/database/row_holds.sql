-- Tests that SQL cannot say exactly as conditions judge them are judged by the conditions' own function, row by row. A definer
-- function, because the statement runs as pgwhen_actions; what it is given is all that it sees. Its cost keeps it behind tests
-- that an index may answer.
create or replace function pgwhen.row_holds(p_test jsonb, p_row jsonb, p_now jsonb) returns boolean
language sql stable security definer cost 10000
set search_path = pg_catalog, pgwhen, pg_temp
as $$
  select pgwhen._holds(p_test, jsonb_build_object('$row', p_row, 'now', p_now))
$$;
comment on function pgwhen.row_holds(jsonb, jsonb, jsonb) is 'Whether a compiled test whose operand is a literal holds for a row of a table.';
