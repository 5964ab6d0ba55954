-- Log rows need no identity beyond order and uniqueness.
create or replace function pgwhen._log_id(p_at timestamptz) returns uuid
language sql volatile
return overlay(gen_random_uuid()::text placing
  substr(lpad(to_hex(trunc(extract(epoch from p_at) * 1000)::bigint), 12, '0'), 1, 8) || '-'
  || substr(lpad(to_hex(trunc(extract(epoch from p_at) * 1000)::bigint), 12, '0'), 9, 4) from 1 for 13)::uuid;
comment on function pgwhen._log_id(timestamptz) is 'A new id at a time: time-ordered, else random.';
