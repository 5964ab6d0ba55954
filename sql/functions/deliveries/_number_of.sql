create or replace function pgwhen._number_of(p_bytes bytea, p_little_endian boolean default false) returns numeric
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_number numeric := 0;
begin
  for i in 0..octet_length(p_bytes) - 1 loop
    v_number := v_number * 256 + get_byte(p_bytes, case when p_little_endian then octet_length(p_bytes) - 1 - i else i end);
  end loop;
  return v_number;
end
$$;
comment on function pgwhen._number_of(bytea, boolean) is 'The whole number that bytes are, the greatest byte first unless p_little_endian.';
