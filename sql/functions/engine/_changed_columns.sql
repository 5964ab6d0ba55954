-- Compared as JSON, so 10.20 and 10.2 are the same number, as they are to PostgreSQL.
create or replace function pgwhen._changed_columns(p_old jsonb, p_new jsonb) returns text[]
language sql immutable parallel safe
return array(select n.key from jsonb_each(p_new) n where n.value is distinct from p_old -> n.key);
comment on function pgwhen._changed_columns(jsonb, jsonb) is 'Columns whose value differs between two rows.';
