-- Log rows need no identity beyond order and uniqueness. As in PostgreSQL 18's uuidv7(), twelve bits below the millisecond
-- keep rows of the same millisecond in order.
create or replace function pgwhen._log_id(p_at timestamptz) returns uuid
language sql volatile
return overlay(gen_random_uuid()::text placing
  substr(pgwhen._id_at(p_at), 1, 8) || '-' || substr(pgwhen._id_at(p_at), 9, 4) || '-7'
  || lpad(to_hex(trunc(extract(epoch from p_at) * 1000 % 1 * 4096)::integer), 3, '0') from 1 for 18)::uuid;
comment on function pgwhen._log_id(timestamptz) is 'A new id at a time: ordered by time to the microsecond, else random.';
