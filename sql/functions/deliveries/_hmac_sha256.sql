create or replace function pgwhen._hmac_sha256(p_key bytea, p_message bytea) returns bytea
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pgwhen, pg_temp
as $$
declare
  v_block constant bytea := case when octet_length(p_key) > 64 then sha256(p_key) else p_key end;
  v_inner bytea := decode(repeat('36', 64), 'hex');
  v_outer bytea := decode(repeat('5c', 64), 'hex');
begin
  for i in 0..octet_length(v_block) - 1 loop
    v_inner := set_byte(v_inner, i, get_byte(v_block, i) # 54);
    v_outer := set_byte(v_outer, i, get_byte(v_block, i) # 92);
  end loop;
  return sha256(v_outer || sha256(v_inner || p_message));
end
$$;
comment on function pgwhen._hmac_sha256(bytea, bytea) is 'HMAC-SHA256 of p_message under p_key.';
