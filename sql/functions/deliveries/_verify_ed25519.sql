-- RFC 8032, 5.1.7, without the cofactor, as OpenSSL does: R is computed from the rest and compared as bytes. A key of small order,
-- which many messages would pass for, is refused. Extended coordinates, whose addition has no exceptions.
create or replace function pgwhen._verify_ed25519(p_public_key bytea, p_message bytea, p_signature bytea) returns boolean
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_p constant numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949;
  c_l constant numeric := 7237005577332262213973186563042994240857116359379907606001950938285454250989;
  c_2d constant numeric := 16295367250680780974490674513165176452449235426866156013048779062215315747161;
  c_bx constant numeric := 15112221349535400772501151409588531511454012693041857206046113283949847762202;
  c_by constant numeric := 46316835694926478169428394003475163141307993866256225615783033603165251855960;
  v_key numeric[];
  v_digits integer[] := array_fill(0, array[256]);
  v_digit integer;
  v_xs numeric[]; v_ys numeric[]; v_zs numeric[]; v_ts numeric[];
  k numeric; s numeric;
  x numeric := 0; y numeric := 1; z numeric := 1; t numeric := 0;
  a numeric; b numeric; c numeric; d numeric; e numeric; f numeric; g numeric; h numeric;
begin
  if octet_length(p_public_key) <> 32 or octet_length(p_signature) <> 64 then
    return false;
  end if;
  s := pgwhen._number_of(substr(p_signature, 33, 32), true);
  v_key := pgwhen._point_ed25519(p_public_key);
  if v_key is null or s >= c_l then
    return false;
  end if;
  k := pgwhen._number_of(sha512(substr(p_signature, 1, 32) || p_public_key || p_message), true) % c_l;
  -- The base, the key turned over, and their sum: s times the one and k times the other make R.
  v_xs := array[c_bx, c_p - v_key[1]];
  v_ys := array[c_by, v_key[2]];
  v_ts := array[c_bx * c_by % c_p, (c_p - v_key[1]) * v_key[2] % c_p];
  a := (v_ys[1] - v_xs[1]) * (v_ys[2] - v_xs[2]) % c_p;
  b := (v_ys[1] + v_xs[1]) * (v_ys[2] + v_xs[2]) % c_p;
  c := v_ts[1] * c_2d % c_p * v_ts[2] % c_p;
  v_xs := v_xs || (b - a) * (2 - c) % c_p;
  v_ys := v_ys || (2 + c) * (b + a) % c_p;
  v_zs := array[1, 1, (2 - c) * (2 + c) % c_p];
  v_ts := v_ts || (b - a) * (b + a) % c_p;
  for i in 1..256 loop
    v_digits[i] := (s % 2 + 2 * (k % 2))::integer;
    s := div(s, 2);
    k := div(k, 2);
  end loop;
  -- Three rounds before the first bits double the key alone: 8 times a point of small order is nothing.
  x := v_xs[2]; y := v_ys[2];
  for i in reverse 259..1 loop
    if i = 256 then
      if x % c_p = 0 and (y - z) % c_p = 0 then
        return false;
      end if;
      x := 0; y := 1; z := 1; t := 0;
    end if;
    a := x * x % c_p;
    b := y * y % c_p;
    c := 2 * z * z % c_p;
    h := a + b;
    e := (h - (x + y) * (x + y)) % c_p;
    g := a - b;
    f := (c + g) % c_p;
    x := e * f % c_p;
    y := g * h % c_p;
    t := e * h % c_p;
    z := f * g % c_p;
    continue when i > 256;
    v_digit := v_digits[i];
    if v_digit > 0 then
      a := (y - x) * (v_ys[v_digit] - v_xs[v_digit]) % c_p;
      b := (y + x) * (v_ys[v_digit] + v_xs[v_digit]) % c_p;
      c := t * c_2d % c_p * v_ts[v_digit] % c_p;
      d := 2 * z * v_zs[v_digit] % c_p;
      e := b - a;
      f := d - c;
      g := d + c;
      h := b + a;
      x := e * f % c_p;
      y := g * h % c_p;
      t := e * h % c_p;
      z := f * g % c_p;
    end if;
  end loop;
  a := pgwhen._inverse_mod(z, c_p);
  x := ((x * a % c_p) + c_p) % c_p;
  y := ((y * a % c_p) + c_p) % c_p;
  -- R as a number: y, and above it the last bit of x.
  return pgwhen._number_of(substr(p_signature, 1, 32), true) = y + (x % 2) * 57896044618658097711785492504343953926634992332820282019728792003956564819968;
end
$$;
comment on function pgwhen._verify_ed25519(bytea, bytea, bytea) is 'Whether p_signature (64 bytes) is the Ed25519 signature of p_message by the key of 32 bytes.';
