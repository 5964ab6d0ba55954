-- As _continue_sha256, for the one provider that signs with HMAC-SHA1. What is known against SHA-1 does not touch HMAC.
create or replace function pgwhen._continue_sha1(p_state bytea, p_length bigint, p_message bytea) returns bytea
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  c_mask constant bigint := 4294967295;
  v_data bytea := p_message || '\x80'::bytea
    || decode(repeat('00', ((119 - octet_length(p_message) % 64) % 64)), 'hex') || int8send((p_length + octet_length(p_message)) * 8);
  v_h bigint[] := array[0, 0, 0, 0, 0]::bigint[];
  v_w bigint[] := array_fill(0::bigint, array[80]);
  a bigint; b bigint; c bigint; d bigint; e bigint;
  v_x bigint;
  v_at integer;
begin
  for i in 0..4 loop
    v_h[i + 1] := (get_byte(p_state, 4 * i)::bigint << 24) | (get_byte(p_state, 4 * i + 1) << 16) | (get_byte(p_state, 4 * i + 2) << 8)
      | get_byte(p_state, 4 * i + 3);
  end loop;
  for v_block in 0..octet_length(v_data) / 64 - 1 loop
    for i in 1..16 loop
      v_at := v_block * 64 + 4 * (i - 1);
      v_w[i] := (get_byte(v_data, v_at)::bigint << 24) | (get_byte(v_data, v_at + 1) << 16) | (get_byte(v_data, v_at + 2) << 8)
        | get_byte(v_data, v_at + 3);
    end loop;
    for i in 17..80 loop
      v_x := v_w[i - 3] # v_w[i - 8] # v_w[i - 14] # v_w[i - 16];
      v_w[i] := ((v_x << 1) | (v_x >> 31)) & c_mask;
    end loop;
    a := v_h[1]; b := v_h[2]; c := v_h[3]; d := v_h[4]; e := v_h[5];
    for i in 1..80 loop
      v_x := (((a << 5) | (a >> 27)) & c_mask) + e + v_w[i] + case
        when i <= 20 then (((b & c) | ((~ b) & d)) & c_mask) + 1518500249
        when i <= 40 then (b # c # d) + 1859775393
        when i <= 60 then ((b & c) | (b & d) | (c & d)) + 2400959708
        else (b # c # d) + 3395469782 end;
      e := d; d := c;
      c := ((b << 30) | (b >> 2)) & c_mask;
      b := a;
      a := v_x & c_mask;
    end loop;
    v_h := array[v_h[1] + a, v_h[2] + b, v_h[3] + c, v_h[4] + d, v_h[5] + e];
    for i in 1..5 loop
      v_h[i] := v_h[i] & c_mask;
    end loop;
  end loop;
  return decode((select string_agg(lpad(to_hex(w), 8, '0'), '' order by n) from unnest(v_h) with ordinality u (w, n)), 'hex');
end
$$;
comment on function pgwhen._continue_sha1(bytea, bigint, bytea) is 'SHA-1 of p_length bytes, of which p_state (20 bytes) is left, followed by p_message. p_length is a multiple of 64.';
