-- First twelve hex digits of an id: milliseconds since 1970, so that ids sort by time and fall into weekly partitions.
-- An SQL-standard body is bound when it is created, so it needs no search_path and is inlined.
create or replace function pgwhen._id_at(p_at timestamptz) returns text
language sql stable parallel safe
return lpad(to_hex(trunc(extract(epoch from p_at) * 1000)::bigint), 12, '0');
comment on function pgwhen._id_at(timestamptz) is 'Time part of an id, as 12 hex digits.';
