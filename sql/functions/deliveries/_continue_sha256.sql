-- FIPS 180-4 from a state on, which sha256() cannot do: so HMAC is computed from the two states that stand for its key, and the key
-- itself is nowhere in the database. Words are kept in bigint, whose upper half takes the carries. About 0.1 ms for 64 bytes.
create or replace function pgwhen._continue_sha256(p_state bytea, p_length bigint, p_message bytea) returns bytea
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_mask constant bigint := 4294967295;
  c_k constant bigint[] := array[
    1116352408,1899447441,3049323471,3921009573,961987163,1508970993,2453635748,2870763221,
    3624381080,310598401,607225278,1426881987,1925078388,2162078206,2614888103,3248222580,
    3835390401,4022224774,264347078,604807628,770255983,1249150122,1555081692,1996064986,
    2554220882,2821834349,2952996808,3210313671,3336571891,3584528711,113926993,338241895,
    666307205,773529912,1294757372,1396182291,1695183700,1986661051,2177026350,2456956037,
    2730485921,2820302411,3259730800,3345764771,3516065817,3600352804,4094571909,275423344,
    430227734,506948616,659060556,883997877,958139571,1322822218,1537002063,1747873779,
    1955562222,2024104815,2227730452,2361852424,2428436474,2756734187,3204031479,3329325298
  ]::bigint[];
  v_data bytea := p_message || '\x80'::bytea
    || decode(repeat('00', ((119 - octet_length(p_message) % 64) % 64)), 'hex') || int8send((p_length + octet_length(p_message)) * 8);
  v_h bigint[] := array[0, 0, 0, 0, 0, 0, 0, 0]::bigint[];
  v_w bigint[] := array_fill(0::bigint, array[64]);
  a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; g bigint; h bigint;
  v_x bigint;
  v_y bigint;
  v_at integer;
begin
  for i in 0..7 loop
    v_h[i + 1] := (get_byte(p_state, 4 * i)::bigint << 24) | (get_byte(p_state, 4 * i + 1) << 16) | (get_byte(p_state, 4 * i + 2) << 8)
      | get_byte(p_state, 4 * i + 3);
  end loop;
  for v_block in 0..octet_length(v_data) / 64 - 1 loop
    for i in 1..16 loop
      v_at := v_block * 64 + 4 * (i - 1);
      v_w[i] := (get_byte(v_data, v_at)::bigint << 24) | (get_byte(v_data, v_at + 1) << 16) | (get_byte(v_data, v_at + 2) << 8)
        | get_byte(v_data, v_at + 3);
    end loop;
    for i in 17..64 loop
      v_x := v_w[i - 15];
      v_y := v_w[i - 2];
      v_w[i] := (v_w[i - 16] + v_w[i - 7]
        + ((((v_x >> 7) | (v_x << 25)) # ((v_x >> 18) | (v_x << 14)) # (v_x >> 3)) & c_mask)
        + ((((v_y >> 17) | (v_y << 15)) # ((v_y >> 19) | (v_y << 13)) # (v_y >> 10)) & c_mask)) & c_mask;
    end loop;
    a := v_h[1]; b := v_h[2]; c := v_h[3]; d := v_h[4]; e := v_h[5]; f := v_h[6]; g := v_h[7]; h := v_h[8];
    for i in 1..64 loop
      v_x := h + ((((e >> 6) | (e << 26)) # ((e >> 11) | (e << 21)) # ((e >> 25) | (e << 7))) & c_mask)
        + (((e & f) # ((~ e) & g)) & c_mask) + c_k[i] + v_w[i];
      v_y := ((((a >> 2) | (a << 30)) # ((a >> 13) | (a << 19)) # ((a >> 22) | (a << 10))) & c_mask)
        + ((a & b) # (a & c) # (b & c));
      h := g; g := f; f := e;
      e := (d + v_x) & c_mask;
      d := c; c := b; b := a;
      a := (v_x + v_y) & c_mask;
    end loop;
    v_h := array[v_h[1] + a, v_h[2] + b, v_h[3] + c, v_h[4] + d, v_h[5] + e, v_h[6] + f, v_h[7] + g, v_h[8] + h];
    for i in 1..8 loop
      v_h[i] := v_h[i] & c_mask;
    end loop;
  end loop;
  return decode((select string_agg(lpad(to_hex(w), 8, '0'), '' order by n) from unnest(v_h) with ordinality u (w, n)), 'hex');
end
$$;
comment on function pgwhen._continue_sha256(bytea, bigint, bytea) is 'SHA-256 of p_length bytes, of which p_state (32 bytes) is left, followed by p_message. p_length is a multiple of 64.';
