-- Partitions begin and end here.
create or replace function pgwhen._id_from(p_at timestamptz) returns uuid
language sql immutable parallel safe
return rpad(pgwhen._id_at(p_at), 32, '0')::uuid;
comment on function pgwhen._id_from(timestamptz) is 'The smallest id of a time.';
