-- The inverse of _id_at.
create or replace function pgwhen._id_time(p_id uuid) returns timestamptz
language sql immutable parallel safe
return to_timestamp(('x' || lpad(left(replace(p_id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0);
comment on function pgwhen._id_time(uuid) is 'The time that an id carries.';
