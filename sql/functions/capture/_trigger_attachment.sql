-- The argument of a capture trigger, which pg_trigger keeps as bytes that end in a zero byte.
create or replace function pgwhen._trigger_attachment(p_arguments bytea) returns text
language sql immutable parallel safe
return split_part(encode(p_arguments, 'escape'), '\000', 1);
comment on function pgwhen._trigger_attachment(bytea) is 'Attachment (as text) that pg_trigger.tgargs of a capture trigger names.';
