-- What does not follow DER to the letter is refused, as other libraries do: a signature has one form.
create or replace function pgwhen._der_integers(p_der bytea) returns numeric[]
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_size constant integer := octet_length(p_der);
  v_numbers numeric[] := array[]::numeric[];
  v_at integer := 2;
  v_length integer;
begin
  if v_size < 8 or v_size > 72 or get_byte(p_der, 0) <> 48 or get_byte(p_der, 1) <> v_size - 2 then
    return null;
  end if;
  for i in 1..2 loop
    if v_at + 2 > v_size or get_byte(p_der, v_at) <> 2 then
      return null;
    end if;
    v_length := get_byte(p_der, v_at + 1);
    if v_length < 1 or v_length > 33 or v_at + 2 + v_length > v_size or get_byte(p_der, v_at + 2) > 127
      or v_length > 1 and get_byte(p_der, v_at + 2) = 0 and get_byte(p_der, v_at + 3) < 128 then
      return null;
    end if;
    v_numbers := v_numbers || pgwhen._number_of(substr(p_der, v_at + 3, v_length));
    v_at := v_at + 2 + v_length;
  end loop;
  return case when v_at = v_size then v_numbers end;
end
$$;
comment on function pgwhen._der_integers(bytea) is 'The two numbers of a signature in DER; null for anything else.';
