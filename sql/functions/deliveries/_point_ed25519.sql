-- RFC 8032, 5.1.3. A number that is not below the prime is refused, and so is a negative zero: a point has one form.
create or replace function pgwhen._point_ed25519(p_bytes bytea) returns numeric[]
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_p constant numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949;
  c_d constant numeric := 37095705934669439343138083508754565189542113879843219016388785533085940283555;
  c_root constant numeric := 19681161376707505956807079304988542015446066515923890162744021073123829784752;
  v_sign constant integer := get_byte(p_bytes, 31) >> 7;
  y numeric := pgwhen._number_of(set_byte(p_bytes, 31, get_byte(p_bytes, 31) & 127), true);
  x numeric;
  u numeric;
  v numeric;
begin
  if octet_length(p_bytes) <> 32 or y >= c_p then
    return null;
  end if;
  u := (y * y - 1) % c_p;
  v := (c_d * y % c_p * y + 1) % c_p;
  x := u * v % c_p * v % c_p * v % c_p;
  x := x * pgwhen._power_mod(x * v % c_p * v % c_p * v % c_p * v % c_p, 7237005577332262213973186563042994240829374041602535252466099000494570602493, c_p) % c_p;
  -- x is now u v^3 (u v^7)^((p - 5) / 8): a root of u / v, or one times the root of -1.
  if (v * x % c_p * x - u) % c_p <> 0 then
    x := x * c_root % c_p;
    if (v * x % c_p * x - u) % c_p <> 0 then
      return null;
    end if;
  end if;
  x := ((x % c_p) + c_p) % c_p;
  if x = 0 and v_sign = 1 then
    return null;
  end if;
  if x % 2 <> v_sign then
    x := c_p - x;
  end if;
  return array[x, y];
end
$$;
comment on function pgwhen._point_ed25519(bytea) is 'The point of edwards25519 that 32 bytes are, [x, y]; null where they are none.';
