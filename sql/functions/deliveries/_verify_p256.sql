-- FIPS 186-5, ECDSA on P-256 with SHA-256, in Jacobian coordinates, both multiplications in one pass. Nothing here is secret, so
-- nothing needs to take the same time. 65 bytes of key: 4, x, y.
create or replace function pgwhen._verify_p256(p_public_key bytea, p_message bytea, p_signature bytea) returns boolean
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_p constant numeric := 115792089210356248762697446949407573530086143415290314195533631308867097853951;
  c_n constant numeric := 115792089210356248762697446949407573529996955224135760342422259061068512044369;
  c_b constant numeric := 41058363725152142129326129780047268409114441015993725554835256314039467401291;
  c_gx constant numeric := 48439561293906451759052585252797914202762949526041747995844080717082404635286;
  c_gy constant numeric := 36134250956749795798585127919587881956611106672985015071877198253568414405109;
  v_numbers constant numeric[] := pgwhen._der_integers(p_signature);
  r constant numeric := v_numbers[1];
  s constant numeric := v_numbers[2];
  v_xs numeric[];
  v_ys numeric[];
  v_digits integer[] := array_fill(0, array[256]);
  v_digit integer;
  qx numeric; qy numeric; u1 numeric; u2 numeric; w numeric;
  x numeric := 0; y numeric := 0; z numeric := 0;
  a numeric; b numeric; c numeric; d numeric; e numeric;
begin
  if octet_length(p_public_key) <> 65 or get_byte(p_public_key, 0) <> 4 then
    return false;
  end if;
  qx := pgwhen._number_of(substr(p_public_key, 2, 32));
  qy := pgwhen._number_of(substr(p_public_key, 34, 32));
  if v_numbers is null or r < 1 or r >= c_n or s < 1 or s >= c_n or qx >= c_p or qy >= c_p or qx = c_gx
    or (qy * qy - (qx * qx * qx - 3 * qx + c_b)) % c_p <> 0 then
    return false;
  end if;
  w := pgwhen._inverse_mod(s, c_n);
  u1 := pgwhen._number_of(sha256(p_message)) * w % c_n;
  u2 := r * w % c_n;
  -- The generator, the key and their sum: one of them is added for each bit.
  a := (qy - c_gy) * pgwhen._inverse_mod(qx - c_gx, c_p) % c_p;
  b := (a * a - c_gx - qx) % c_p;
  v_xs := array[c_gx, qx, b];
  v_ys := array[c_gy, qy, (a * (c_gx - b) - c_gy) % c_p];
  for i in 1..256 loop
    v_digits[i] := (u1 % 2 + 2 * (u2 % 2))::integer;
    u1 := div(u1, 2);
    u2 := div(u2, 2);
  end loop;
  for i in reverse 256..1 loop
    if z <> 0 then
      a := z * z % c_p;
      b := y * y % c_p;
      c := x * b % c_p;
      d := 3 * (x - a) * (x + a) % c_p;
      x := (d * d - 8 * c) % c_p;
      z := 2 * y * z % c_p;
      y := (d * (4 * c - x) - 8 * b * b) % c_p;
    end if;
    v_digit := v_digits[i];
    if v_digit > 0 and z = 0 then
      x := v_xs[v_digit];
      y := v_ys[v_digit];
      z := 1;
    elsif v_digit > 0 then
      a := z * z % c_p;
      b := (v_xs[v_digit] * a - x) % c_p;
      c := (v_ys[v_digit] * a % c_p * z - y) % c_p;
      if b <> 0 then
        d := b * b % c_p;
        e := d * b % c_p;
        d := x * d % c_p;
        z := z * b % c_p;
        x := (c * c - e - 2 * d) % c_p;
        y := (c * (d - x) - y * e) % c_p;
      elsif c <> 0 then
        z := 0;
      else
        -- The same point twice.
        a := (3 * (x - a) * (x + a)) % c_p;
        b := y * y % c_p;
        c := x * b % c_p;
        z := 2 * y * z % c_p;
        x := (a * a - 8 * c) % c_p;
        y := (a * (4 * c - x) - 8 * b * b) % c_p;
      end if;
    end if;
  end loop;
  a := z * z % c_p;
  return z <> 0 and ((r * a - x) % c_p = 0 or r + c_n < c_p and ((r + c_n) * a - x) % c_p = 0);
end
$$;
comment on function pgwhen._verify_p256(bytea, bytea, bytea) is 'Whether p_signature (DER) is the ECDSA signature of p_message, with SHA-256, by the key of 65 bytes on P-256.';
