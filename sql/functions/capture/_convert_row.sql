-- What to_jsonb refuses: a json value with \u0000, half a surrogate pair or a number out of range, a row above 256 MB. Only
-- for statements in which some row was refused, because a block with an exception handler per row costs as much as the event.
create or replace function pgwhen._convert_row(p_row record, p_key jsonb, p_excluded text[], out content jsonb, out error text)
language plpgsql
set search_path = pg_catalog, pgwhen, pg_temp
as $$
begin
  content := to_jsonb(p_row) - p_excluded;
exception
  when others then
    content := p_key;
    error := left(sqlerrm, 500);
end
$$;
comment on function pgwhen._convert_row(record, jsonb, text[]) is 'A row as jsonb; its key and the error where JSON cannot hold it.';
